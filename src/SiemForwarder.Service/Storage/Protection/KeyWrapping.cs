using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace SiemForwarder.Service.Storage.Protection;

/// <summary>Wraps the secret part of a stored ASP.NET Core Data Protection key with a master key.</summary>
internal static class KeyWrapping
{
    // Names used by the framework (XmlConstants of Microsoft.AspNetCore.DataProtection).
    private static readonly XNamespace Framework = "http://schemas.asp.net/2015/03/dataProtection";
    private static readonly XName RequiresEncryption = Framework + "requiresEncryption";
    private static readonly XName EncryptedSecret = Framework + "encryptedSecret";
    private static readonly XName DecryptorType = "decryptorType";

    // Without the assembly version, so that engines of other versions can load it.
    private static readonly string Decryptor = $"{typeof(MasterKeyDecryptor).FullName}, {typeof(MasterKeyDecryptor).Assembly.GetName().Name}";

    private const string Wrapped = "wrapped";

    /// <summary>Whether the secret of a stored key is wrapped by a master key.</summary>
    public static bool IsWrapped(XElement stored) => stored.Descendants(Wrapped).Any();

    /// <summary>The wrapped element, as stored.</summary>
    public static XElement Wrap(XElement plain, MasterKey key)
    {
        var text = Encoding.UTF8.GetBytes(plain.ToString(SaveOptions.DisableFormatting));
        var sealedText = key.Seal(text);
        CryptographicOperations.ZeroMemory(text);
        return new XElement(Wrapped, new XAttribute("masterKey", key.Id), Convert.ToBase64String(sealedText));
    }

    /// <summary>The original element.</summary>
    /// <exception cref="CryptographicException">No available master key unwraps it, or it was modified.</exception>
    public static XElement Unwrap(XElement wrapped, MasterKeys keys)
    {
        var id = (string?)wrapped.Attribute("masterKey") ?? "";
        var key = keys.Find(id) ?? throw new CryptographicException($"The master key {id} is not in the file named by Forwarder__Secrets__MasterKeyFile.");
        var text = key.Open(Convert.FromBase64String(wrapped.Value));
        return XElement.Parse(Encoding.UTF8.GetString(text));
    }

    /// <summary>A stored key with its secret wrapped by the current master key; null if it already is.</summary>
    /// <exception cref="CryptographicException">No available master key unwraps it.</exception>
    public static XElement? Rewrap(XElement stored, MasterKeys keys)
    {
        var copy = new XElement(stored);
        var current = keys.Current!;
        if (copy.Descendants(EncryptedSecret).SingleOrDefault() is { } secret)
        {
            var wrapped = secret.Elements().Single();
            if (wrapped.Name != Wrapped || ((string?)wrapped.Attribute("masterKey") == current.Id && (string?)secret.Attribute(DecryptorType) == Decryptor))
            {
                return null;
            }

            secret.ReplaceWith(Sealed(Unwrap(wrapped, keys), current));
            return copy;
        }

        if (copy.Descendants().FirstOrDefault(element => (bool?)element.Attribute(RequiresEncryption) == true) is not { } plain)
        {
            return null;
        }

        plain.ReplaceWith(Sealed(plain, current));
        return copy;
    }

    private static XElement Sealed(XElement plain, MasterKey key) =>
        new(EncryptedSecret, new XAttribute(DecryptorType, Decryptor), Wrap(plain, key));
}

/// <summary>Wraps keys created by the framework.</summary>
internal sealed class MasterKeyEncryptor(MasterKeys keys) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement) => new(KeyWrapping.Wrap(plaintextElement, keys.Current!), typeof(MasterKeyDecryptor));
}

/// <summary>Unwraps keys read by the framework. Its type name is stored in the database and must not change.</summary>
internal sealed class MasterKeyDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement) => KeyWrapping.Unwrap(encryptedElement, services.GetRequiredService<MasterKeys>());
}
