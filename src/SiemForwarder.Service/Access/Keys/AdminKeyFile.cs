using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>An administrator key that the operator provides as a file, as Docker and Kubernetes mount secrets.</summary>
internal sealed partial class AdminKeyFile(IOptions<AccessOptions> options, TimeProvider time, ILogger<AdminKeyFile> logger)
{
    public const string Setting = "Forwarder:Access:AdminKeyFile";
    public const int MinKeyLength = 32;
    private const int MaxKeyLength = 1024;

    // A mounted secret is replaced by switching a link, which not every file watcher notices, so the content is checked instead.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private byte[]? digest;
    private long lookedAt;
    private string? lastFault;

    /// <summary>Whether such a file is configured.</summary>
    public bool IsSet => !string.IsNullOrWhiteSpace(options.Value.AdminKeyFile);

    /// <summary>Reads the file for the first time.</summary>
    /// <exception cref="OptionsValidationException">It cannot be read, or contains no key; with one sentence for the operator.</exception>
    public void Open()
    {
        var (read, fault) = Read();
        if (fault is not null)
        {
            throw new OptionsValidationException(Setting, typeof(AccessOptions), [fault]);
        }

        lock (gate)
        {
            (digest, lookedAt) = (read, time.GetTimestamp());
        }
    }

    /// <summary>Whether the text is the current key in the file; if the file cannot be read, the last key.</summary>
    public bool Matches(string given) => IsSet && CryptographicOperations.FixedTimeEquals(Current() ?? [], Digest(given));

    /// <summary>Names a key without telling anything of it.</summary>
    public static string StampOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Digest(key)));

    /// <summary>Whether the stamp is that of the current key in the file.</summary>
    public bool HasStamp(string stamp) => IsSet && Current() is { } current && SecretHash.Equal(stamp, Convert.ToHexStringLower(SHA256.HashData(current)));

    private byte[]? Current()
    {

        lock (gate)
        {
            if (digest is null || time.GetElapsedTime(lookedAt) >= LookInterval)
            {
                Look();
            }

            return digest;
        }
    }

    private void Look()
    {
        lookedAt = time.GetTimestamp();
        var (read, fault) = Read();
        digest = read ?? digest;
        if (fault is not null && fault != lastFault)
        {
            LogUnreadable(fault);
        }

        lastFault = fault;
    }

    private (byte[]? Digest, string? Fault) Read()
    {
        var path = options.Value.AdminKeyFile!;
        try
        {
            var key = File.ReadAllText(path).Trim();
            return key.Length is >= MinKeyLength and <= MaxKeyLength && !key.Any(char.IsWhiteSpace)
                ? (Digest(key), null)
                : (null, $"{Setting}: the key in {path} must be one word of {MinKeyLength} to {MaxKeyLength} characters; generate one with "
                    + "'openssl rand -hex 32'.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return (null, $"{Setting}: {path} cannot be read ({exception.Message}).");
        }
    }

    private static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    [LoggerMessage(LogLevel.Error, "{Fault} The previous key remains valid.")]
    private partial void LogUnreadable(string fault);
}
