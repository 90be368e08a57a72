using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Storage.Protection;

/// <summary>Secrets that are kept outside: <c>env:NAME</c> in the environment of the process, <c>file:/path</c> in a file. Only where is stored.</summary>
/// <remarks>
/// Whoever may change an integration may send what a reference names to a server of his own. So a variable needs the prefix, and a file has to lie in one
/// of the folders itself and must not be one that a setting of the service names: the rest of the machine stays closed to the API.
/// </remarks>
internal sealed partial class SecretReferences(IOptions<SecretsOptions> options, IOptions<ForwarderOptions> forwarder, IConfiguration configuration)
{
    private const string OfEnvironment = "env:";
    private const string OfFile = "file:";
    private const int MaxBytes = 64 * 1024;

    // The one secret to which blanks at its ends belong.
    private const string Password = "authentication.password";

    private IReadOnlyList<string> Folders => options.Value.Folders is { Count: > 0 } given
        ? [.. given]
        : ["/run/secrets", Path.Combine(forwarder.Value.DataFolder, "secrets")];

    /// <summary>Whether a text names a secret instead of being one.</summary>
    public static bool IsReference(string? text) => Trim(text) is { } given
        && (given.StartsWith(OfEnvironment, StringComparison.Ordinal) || given.StartsWith(OfFile, StringComparison.Ordinal));

    /// <summary>The secret that a text names, as it is now; null where it names none.</summary>
    public Secret? Find(string name, string? text) => IsReference(text) ? Read(name, Trim(text)!) : null;

    /// <summary>Adds to the secrets in a database those that are kept outside, as they are now.</summary>
    /// <param name="stored">Those in the database; null where they cannot be decrypted.</param>
    /// <param name="definition">The settings as stored, which name the others.</param>
    public IReadOnlyDictionary<string, Secret>? Complete(IReadOnlyDictionary<string, Secret>? stored, string definition)
    {
        var named = Named(definition);
        if (stored is null || named.Count == 0)
        {
            return stored;
        }

        var all = new Dictionary<string, Secret>(stored);
        foreach (var (name, reference) in named)
        {
            all[name] = Read(name, reference);
        }

        return all;
    }

    /// <summary>A version that changes with the files that settings name as well.</summary>
    /// <param name="version">Version of the settings.</param>
    /// <param name="definition">The settings as stored.</param>
    public static int Stamp(int version, string definition)
    {
        var files = Named(definition).Values.Where(reference => reference.StartsWith(OfFile, StringComparison.Ordinal)).ToList();
        if (files.Count == 0)
        {
            return version;
        }

        var stamp = new HashCode();
        stamp.Add(version);
        files.ForEach(file => stamp.Add(FileState.Of(file[OfFile.Length..])));
        return stamp.ToHashCode();
    }

    /// <summary>What settings keep of secrets: where those are that are kept outside; null where none are.</summary>
    public static IReadOnlyDictionary<string, string>? Of(IReadOnlyDictionary<string, Secret> secrets)
    {
        var named = secrets.Where(pair => pair.Value.Reference is not null)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(pair => pair.Key, pair => pair.Value.Reference!);
        return named.Count == 0 ? null : named;
    }

    /// <summary>Why a reference may not be used on this engine at all; null where it may.</summary>
    public string? Refuse(string reference)
    {
        if (reference.StartsWith(OfEnvironment, StringComparison.Ordinal))
        {
            var (name, prefix) = (reference[OfEnvironment.Length..], options.Value.EnvironmentPrefix);
            return VariableName().IsMatch(name) && name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal)
                ? null
                : $"env: takes variables whose names begin with {prefix} (Forwarder__Secrets__EnvironmentPrefix), such as env:{prefix}TOKEN.";
        }

        var path = reference[OfFile.Length..];
        if (!Path.IsPathFullyQualified(path) || Path.GetFullPath(path) != path || Path.EndsInDirectorySeparator(path)
            || !Folders.Any(folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) == Path.GetDirectoryName(path)))
        {
            return $"file: takes files that lie in one of these folders themselves, by their whole paths: {string.Join(", ", Folders)} "
                + "(Forwarder__Secrets__Folders).";
        }

        return IsOfService(path) ? "That file is named by a setting of the service, and is its own alone." : null;
    }

    private Secret Read(string name, string reference)
    {
        if (Refuse(reference) is { } refusal)
        {
            return Unread($"is not allowed: {refusal}");
        }

        if (reference.StartsWith(OfEnvironment, StringComparison.Ordinal))
        {
            return Take(Environment.GetEnvironmentVariable(reference[OfEnvironment.Length..]), "is not set in the environment of this engine.");
        }

        try
        {
            using var file = File.OpenRead(reference[OfFile.Length..]);
            var bytes = new byte[MaxBytes + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length > MaxBytes
                ? Unread($"is longer than {MaxBytes >> 10} KiB.")
                : Take(System.Text.Encoding.UTF8.GetString(bytes, 0, length), "is empty.");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Unread("does not exist on this engine.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Unread($"cannot be read: {OneLine.Of(exception.Message)}");
        }

        Secret Take(string? text, string otherwise) => SecretText.Of(text, keepsBlanks: name == Password) is { } secret
            ? new Secret(secret.Reveal()) { Reference = reference }
            : Unread(otherwise);

        Secret Unread(string why) => new(string.Empty) { Reference = reference, Unread = $"{name} is {reference}, which {why}" };
    }

    private bool IsOfService(string path)
    {
        var target = FileState.Of(path).Path;
        return configuration.AsEnumerable().Where(one => one.Value is { Length: > 0 } && OwnFile().IsMatch(one.Key))
            .Any(one => Path.GetFullPath(one.Value!) is var own && (own == path || own == target || FileState.Of(own).Path == target));
    }

    private static string? Trim(string? text) => text?.Trim('\uFEFF').Trim();

    private static Dictionary<string, string> Named(string definition)
    {
        using var json = JsonDocument.Parse(definition);
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("secretReferences", out var named)
            && named.ValueKind == JsonValueKind.Object
            ? named.EnumerateObject().Where(one => one.Value.ValueKind == JsonValueKind.String && IsReference(one.Value.GetString()))
                .ToDictionary(one => one.Name, one => one.Value.GetString()!)
            : [];
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex VariableName();

    // Names of settings that name files: MasterKeyFile, AdminKeyFile, ClientSecretFile, the server's Certificate:Path and KeyPath.
    [GeneratedRegex("(?:File|Path)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex OwnFile();
}
