using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SiemForwarder.Service.Audit;

/// <summary>The content of one audit record: an action or a refusal.</summary>
/// <param name="Kind">One of <see cref="AuditKind"/>.</param>
/// <param name="Caller">Name of who did it; empty if unknown.</param>
/// <param name="Credential">Kind and id of the credential: <c>key 0123456789abcdef</c>; never a secret.</param>
/// <param name="Address">Where the request came from.</param>
/// <param name="Action">Stable name: <c>integration.update</c>, <c>access.refused</c> …</param>
/// <param name="Target">What it was done to: <c>integration:3</c>.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Outcome">One of <see cref="AuditOutcome"/>.</param>
/// <param name="Status">HTTP status of the response; 0 if unknown.</param>
/// <param name="Before">The target before the change as the API shows it, as JSON; null if nothing changed.</param>
/// <param name="After">The target after the change.</param>
/// <param name="Detail">Further details as JSON: the request of an operator, the reason for a refusal.</param>
internal sealed record AuditEntry(
    string Kind, string Caller, string Credential, string Address, string Action, string Target, string Name, string Outcome, int Status,
    string? Before = null, string? After = null, string? Detail = null);

/// <summary>An entry in the hash chain.</summary>
/// <param name="Id">Consecutive number from 1, without gaps.</param>
/// <param name="At">When it was written, in whole microseconds.</param>
/// <param name="Previous">Hash of the previous row; 32 zero bytes for the first.</param>
/// <param name="Hash">SHA-256 of the previous hash and the content of the row.</param>
internal sealed record AuditRow(long Id, DateTimeOffset At, AuditEntry Entry, byte[] Previous, byte[] Hash);

/// <summary>The kinds of entries; each is announced as its own event type.</summary>
internal static class AuditKind
{
    public const string Configuration = "configuration";
    public const string Operation = "operation";
    public const string Access = "access";
}

/// <summary>The outcome of an action.</summary>
internal static class AuditOutcome
{
    public const string Success = "success";

    /// <summary>Nothing was changed: the request was invalid, outdated, or not allowed.</summary>
    public const string Refused = "refused";

    /// <summary>The service or the database failed; whether the action was done is unknown.</summary>
    public const string Unknown = "unknown";

    public static readonly Dictionary<string, string?> Choices = new() { [Success] = Success, [Refused] = Refused, [Unknown] = Unknown };

    public static string Of(int status) => status < 400 ? Success : status < 500 ? Refused : Unknown;
}

/// <summary>Chains the rows of the trail: changing, removing or inserting a row invalidates all later hashes.</summary>
internal static class AuditChain
{
    /// <summary>The previous hash of the first row.</summary>
    public static byte[] Beginning => new byte[SHA256.HashSizeInBytes];

    /// <summary>Creates the row after another.</summary>
    public static AuditRow Follow(long lastId, byte[] lastHash, DateTimeOffset at, AuditEntry entry) =>
        new(lastId + 1, at, entry, lastHash, Hash(lastId + 1, at, entry, lastHash));

    /// <summary>What is wrong with a row that should follow another; null if nothing is.</summary>
    public static string? FindBreak(long lastId, byte[] lastHash, AuditRow row) =>
        row.Id != lastId + 1 ? $"Row {lastId + 1} is missing."
        : !row.Previous.AsSpan().SequenceEqual(lastHash) ? $"Row {row.Id} does not follow the previous row."
        : !row.Hash.AsSpan().SequenceEqual(Hash(row.Id, row.At, row.Entry, row.Previous)) ? $"Row {row.Id} was changed after it was written."
        : null;

    private static byte[] Hash(long id, DateTimeOffset at, AuditEntry entry, byte[] previous)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(previous);
        string?[] fields =
        [
            id.ToString(CultureInfo.InvariantCulture), at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture), entry.Kind, entry.Caller, entry.Credential,
            entry.Address, entry.Action, entry.Target, entry.Name, entry.Outcome, entry.Status.ToString(CultureInfo.InvariantCulture), entry.Before,
            entry.After, entry.Detail,
        ];
        foreach (var field in fields)
        {
            // Prefixed with its length, so that different rows never hash the same bytes however their texts are split.
            var bytes = Encoding.UTF8.GetBytes(field ?? "");
            hash.AppendData(Encoding.ASCII.GetBytes(field is null ? "-," : string.Create(CultureInfo.InvariantCulture, $"{bytes.Length}:")));
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }
}
