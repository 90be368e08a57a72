namespace SiemForwarder.Events.Privacy;

/// <summary>
/// The fields that a privacy rule can name: those of the native schema, <c>email</c>, and <c>context.NAME</c> for a detail.
/// </summary>
public static class PrivacyFields
{
    public const string Subject = "subject";
    public const string SubjectId = "subject_id";
    public const string Requestor = "requestor";
    public const string RequestorId = "requestor_id";
    public const string RequestorClientId = "requestor_client_id";
    public const string Email = "email";
    public const string IpAddress = "ip_address";
    public const string SessionId = "session_id";
    public const string ClientId = "client_id";
    public const string TransactionId = "transaction_id";
    public const string Reason = "reason";
    public const string Location = "location";
    public const string ResourcePath = "resource_path";
    public const string ResourceId = "resource_id";
    public const string ResourceName = "resource_name";
    public const string Representation = "representation";

    /// <summary>Prefix of the name of a detail; <c>context.*</c> means all of them.</summary>
    public const string Context = "context.";

    public const string EveryDetail = Context + "*";

    /// <summary>All except details, whose names come from the source.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Subject, SubjectId, Requestor, RequestorId, RequestorClientId, Email, IpAddress, SessionId, ClientId, TransactionId,
        Reason, Location,
        ResourcePath, ResourceId, ResourceName, Representation,
    ];

    /// <summary>Whether a rule can name the field.</summary>
    public static bool IsKnown(string field) =>
        All.Contains(field) || (field.Length > Context.Length && field.StartsWith(Context, StringComparison.Ordinal));

    /// <summary>
    /// Whether the action is possible for the field: a location and a document can only be dropped entirely, and only an address can be shortened.
    /// </summary>
    public static bool Takes(string field, PrivacyAction action) => field switch
    {
        Location or Representation => action == PrivacyAction.Drop,
        IpAddress => true,
        _ => action != PrivacyAction.TruncateIp || field.StartsWith(Context, StringComparison.Ordinal),
    };

    /// <summary>Whether a detail, or a member of a representation, contains the same data as a field under another name.</summary>
    internal static bool IsAlias(string field, string name, bool inDetails) => field switch
    {
        Subject => Ends(name, "username"),
        Requestor => inDetails && Ends(name, "username"),
        SubjectId => Ends(name, "userid"),
        RequestorId => inDetails && Ends(name, "userid"),
        Email => name.Contains("email", StringComparison.OrdinalIgnoreCase) && !Ends(name, "verified"),
        IpAddress => Ends(name, "ipaddress"),
        SessionId => Ends(name, "sessionid"),
        _ => inDetails && field.StartsWith(Context, StringComparison.Ordinal)
            && (field == EveryDetail || field.AsSpan(Context.Length).Equals(name, StringComparison.OrdinalIgnoreCase)),
    };

    /// <summary>
    /// Compares the end of a name, ignoring case and separators: <c>previous_user-name</c> ends in <c>username</c>.
    /// </summary>
    private static bool Ends(string name, string ending)
    {
        var (at, left) = (name.Length, ending.Length);
        while (left > 0 && at > 0)
        {
            var character = name[--at];
            if (character is '_' or '-' or '.')
            {
                continue;
            }

            if (char.ToLowerInvariant(character) != ending[--left])
            {
                return false;
            }
        }

        return left == 0;
    }
}
