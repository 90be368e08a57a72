using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace SiemForwarder.Service.Storage.Protection;

/// <summary>A key from outside the database that wraps the keys inside it.</summary>
/// <param name="Id">Eight hexadecimal digits that identify the key without revealing anything about it.</param>
internal abstract record MasterKey(string Id)
{
    /// <summary>Length in bytes of a key given directly in the file.</summary>
    public const int Length = 32;

    private const int NonceLength = 12;
    private const int TagLength = 16;

    public static MasterKey Of(byte[] bytes) => new Given(Convert.ToHexStringLower(SHA256.HashData(bytes))[..8], bytes);

    /// <summary>The RSA key of a certificate that includes its private key.</summary>
    /// <exception cref="CryptographicException">It has no RSA private key.</exception>
    public static MasterKey Of(X509Certificate2 certificate) => certificate.GetRSAPrivateKey() is { } key
        ? new Certified(Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..8], key)
        : throw new CryptographicException("it has no RSA private key");

    /// <summary>Encrypts the text and authenticates the id along with it.</summary>
    public abstract byte[] Seal(byte[] text);

    /// <summary>Decrypts.</summary>
    /// <exception cref="CryptographicException">It was modified, or sealed by another key.</exception>
    public abstract byte[] Open(byte[] sealedText);

    public sealed override string ToString() => $"master key {Id}";

    private static byte[] Seal(byte[] key, byte[] text, string id)
    {
        var sealedText = new byte[NonceLength + text.Length + TagLength];
        var nonce = sealedText.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagLength);
        aes.Encrypt(nonce, text, sealedText.AsSpan(NonceLength, text.Length), sealedText.AsSpan(NonceLength + text.Length), Encoding.ASCII.GetBytes(id));
        return sealedText;
    }

    private static byte[] Open(byte[] key, ReadOnlySpan<byte> sealedText, string id)
    {
        if (sealedText.Length < NonceLength + TagLength)
        {
            throw new CryptographicException("A stored key is truncated.");
        }

        var text = new byte[sealedText.Length - NonceLength - TagLength];
        using var aes = new AesGcm(key, TagLength);
        aes.Decrypt(sealedText[..NonceLength], sealedText.Slice(NonceLength, text.Length), sealedText[^TagLength..], text, Encoding.ASCII.GetBytes(id));
        return text;
    }

    /// <summary>A key given directly in the file (AES-256-GCM).</summary>
    private sealed record Given(string Id, byte[] Bytes) : MasterKey(Id)
    {
        public override byte[] Seal(byte[] text) => Seal(Bytes, text, Id);

        public override byte[] Open(byte[] sealedText) => Open(Bytes, sealedText, Id);
    }

    /// <summary>A certificate's key: it wraps one key per text (RSA-OAEP with SHA-256), which encrypts the text (AES-256-GCM).</summary>
    private sealed record Certified(string Id, RSA Key) : MasterKey(Id)
    {
        public override byte[] Seal(byte[] text)
        {
            var own = RandomNumberGenerator.GetBytes(Length);
            var wrapped = Key.Encrypt(own, RSAEncryptionPadding.OaepSHA256);
            var length = new byte[sizeof(ushort)];
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)wrapped.Length);
            byte[] sealedText = [.. length, .. wrapped, .. Seal(own, text, Id)];
            CryptographicOperations.ZeroMemory(own);
            return sealedText;
        }

        public override byte[] Open(byte[] sealedText)
        {
            var length = sealedText.Length < sizeof(ushort) ? ushort.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(sealedText);
            if (sealedText.Length < sizeof(ushort) + length)
            {
                throw new CryptographicException("A stored key is truncated.");
            }

            var own = Key.Decrypt(sealedText.AsSpan(sizeof(ushort), length), RSAEncryptionPadding.OaepSHA256);
            return Open(own, sealedText.AsSpan(sizeof(ushort) + length), Id);
        }
    }
}
