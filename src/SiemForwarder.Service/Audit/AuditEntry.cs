using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SiemForwarder.Service.Audit;

/// <summary>What is to be written down about one deed or refusal.</summary>
/// <param name="Kind">One of <see cref="AuditKind"/>.</param>
/// <param name="Caller">Name of who did it; empty where nobody is known.</param>
/// <param name="Credential">Kind and id of what proved it: <c>key 0123456789abcdef</c>; never a secret.</param>
/// <param name="Address">Where the request came from.</param>
/// <param name="Action">Stable name: <c>integration.update</c>, <c>access.refused</c> …</param>
/// <param name="Target">What it is about: <c>integration:3</c>.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Outcome">One of <see cref="AuditOutcome"/>.</param>
/// <param name="Status">HTTP status of the answer; 0 where none is known.</param>
/// <param name="Before">The target before as the API shows it, JSON; null where nothing changed.</param>
/// <param name="After">The same afterwards.</param>
/// <param name="Detail">What else is to be known, JSON: the request of an operator, the reason of a refusal.</param>
internal sealed record AuditEntry(
    string Kind, string Caller, string Credential, string Address, string Action, string Target, string Name, string Outcome, int Status,
    string? Before = null, string? After = null, string? Detail = null);

/// <summary>An entry in its place in the chain.</summary>
/// <param name="Id">From 1, without holes.</param>
/// <param name="At">When it was written, in whole microseconds.</param>
/// <param name="Previous">Hash of the row before; 32 zero bytes before the first.</param>
/// <param name="Hash">SHA-256 over the hash before and all that the row says.</param>
internal sealed record AuditRow(long Id, DateTimeOffset At, AuditEntry Entry, byte[] Previous, byte[] Hash);

/// <summary>The sorts of entries; each is told as an event of its own type.</summary>
internal static class AuditKind
{
    public const string Configuration = "configuration";
    public const string Operation = "operation";
    public const string Access = "access";
}

/// <summary>How a deed ended.</summary>
internal static class AuditOutcome
{
    public const string Success = "success";

    /// <summary>Nothing was changed: the request was wrong, late, or not allowed.</summary>
    public const string Refused = "refused";

    /// <summary>The service or the database failed; nothing says whether it was done.</summary>
    public const string Unknown = "unknown";

    public static readonly Dictionary<string, string?> Choices = new() { [Success] = Success, [Refused] = Refused, [Unknown] = Unknown };

    public static string Of(int status) => status < 400 ? Success : status < 500 ? Refused : Unknown;
}

/// <summary>Chains the rows of the trail: none can be changed, taken out or put in without all later hashes becoming wrong.</summary>
internal static class AuditChain
{
    /// <summary>What the first row follows.</summary>
    public static byte[] Beginning => new byte[SHA256.HashSizeInBytes];

    /// <summary>The row that follows another.</summary>
    public static AuditRow Follow(long lastId, byte[] lastHash, DateTimeOffset at, AuditEntry entry) =>
        new(lastId + 1, at, entry, lastHash, Hash(lastId + 1, at, entry, lastHash));

    /// <summary>What is wrong with a row that should follow another; null where nothing is.</summary>
    public static string? FindBreak(long lastId, byte[] lastHash, AuditRow row) =>
        row.Id != lastId + 1 ? $"Row {lastId + 1} is missing."
        : !row.Previous.AsSpan().SequenceEqual(lastHash) ? $"Row {row.Id} does not follow the row before it."
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
            // With its length in front, so that no two rows read the same however their texts are cut.
            var bytes = Encoding.UTF8.GetBytes(field ?? "");
            hash.AppendData(Encoding.ASCII.GetBytes(field is null ? "-," : string.Create(CultureInfo.InvariantCulture, $"{bytes.Length}:")));
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }
}
