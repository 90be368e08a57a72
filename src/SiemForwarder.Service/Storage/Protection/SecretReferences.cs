using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Storage.Protection;

/// <summary>Secrets kept outside the database: <c>env:NAME</c> in the process environment, <c>file:/path</c> in a file. Only the reference is stored.</summary>
/// <remarks>
/// A caller who may change an integration could send the referenced value to a server of their choice. A variable must therefore have the prefix, and a
/// file must lie directly in one of the folders and must not be named by a setting of the service: the rest of the machine stays closed to the API.
/// </remarks>
internal sealed partial class SecretReferences(IOptions<SecretsOptions> options, IOptions<ForwarderOptions> forwarder, IConfiguration configuration)
{
    private const string OfEnvironment = "env:";
    private const string OfFile = "file:";
    private const int MaxBytes = 64 * 1024;

    // The only secret in which leading and trailing blanks are significant.
    private const string Password = "authentication.password";

    private IReadOnlyList<string> Folders => options.Value.Folders is { Count: > 0 } given
        ? [.. given]
        : ["/run/secrets", Path.Combine(forwarder.Value.DataFolder, "secrets")];

    /// <summary>Whether a text references a secret instead of being one.</summary>
    public static bool IsReference(string? text) => Trim(text) is { } given
        && (given.StartsWith(OfEnvironment, StringComparison.Ordinal) || given.StartsWith(OfFile, StringComparison.Ordinal));

    /// <summary>The secret that a text references, with its current value; null if it references none.</summary>
    public Secret? Find(string name, string? text) => IsReference(text) ? Read(name, Trim(text)!) : null;

    /// <summary>Adds to the secrets from the database those kept outside, with their current values.</summary>
    /// <param name="stored">Secrets from the database; null if they cannot be decrypted.</param>
    /// <param name="definition">The stored settings, which reference the others.</param>
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

    /// <summary>A version that also changes with the files referenced by the settings.</summary>
    /// <param name="version">Version of the settings.</param>
    /// <param name="definition">The stored settings.</param>
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

    /// <summary>What settings store of secrets: the references of those kept outside; null if there are none.</summary>
    public static IReadOnlyDictionary<string, string>? Of(IReadOnlyDictionary<string, Secret> secrets)
    {
        var named = secrets.Where(pair => pair.Value.Reference is not null)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(pair => pair.Key, pair => pair.Value.Reference!);
        return named.Count == 0 ? null : named;
    }

    /// <summary>Why a reference may not be used on this engine at all; null if it may.</summary>
    public string? Refuse(string reference)
    {
        if (reference.StartsWith(OfEnvironment, StringComparison.Ordinal))
        {
            var (name, prefix) = (reference[OfEnvironment.Length..], options.Value.EnvironmentPrefix);
            return VariableName().IsMatch(name) && name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal)
                ? null
                : $"env: accepts only variables whose names start with {prefix} (Forwarder__Secrets__EnvironmentPrefix), such as env:{prefix}TOKEN.";
        }

        var path = reference[OfFile.Length..];
        if (!Path.IsPathFullyQualified(path) || Path.GetFullPath(path) != path || Path.EndsInDirectorySeparator(path)
            || !Folders.Any(folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) == Path.GetDirectoryName(path)))
        {
            return $"file: accepts only files directly in one of these folders, by their full paths: {string.Join(", ", Folders)} "
                + "(Forwarder__Secrets__Folders).";
        }

        return IsOfService(path) ? "That file is named by a setting of the service and reserved for it." : null;
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

    // Settings that name files: MasterKeyFile, AdminKeyFile, ClientSecretFile, the server's Certificate:Path and KeyPath.
    [GeneratedRegex("(?:File|Path)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex OwnFile();
}
