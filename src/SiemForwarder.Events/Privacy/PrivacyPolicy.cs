using System.Net;

namespace SiemForwarder.Events.Privacy;

/// <summary>
/// Removes from events what an integration must not show its SIEM: the fields named by its rules, and their values wherever else they
/// occur in the event.
/// </summary>
/// <remarks>
/// Pure. The following stay unchanged, because they are not copies of personal data and concealing them would allow anyone who types such a word into a
/// login form to conceal them too: event id and type, category, operation and resource type, realm and source, times, the location, Keycloak's error
/// codes, and the address (which has its own rule). The source's raw bytes are removed, because they cannot be rewritten field by field.
/// </remarks>
/// <param name="rules">What to do; if several name the same value, the first applies.</param>
/// <param name="key">For <see cref="PrivacyAction.Hash"/>; null if no rule hashes.</param>
public sealed class PrivacyPolicy(IReadOnlyList<PrivacyRule> rules, PrivacyKey? key)
{
    /// <summary>Replaces a value that is masked, or that is omitted from the middle of a text.</summary>
    public const string Mask = "***";

    /// <summary>Replaces a text in an event with too many values to search for each of them.</summary>
    public const string Withheld = "withheld";

    /// <summary>What stands for a value where a rule hashes it; null without a key.</summary>
    public string? Pseudonym(string value) => key?.Hash(value);

    /// <summary>The event as the integration may show it.</summary>
    public SecurityEvent Apply(SecurityEvent securityEvent)
    {
        ArgumentNullException.ThrowIfNull(securityEvent);
        var values = new ConcealedValues();
        foreach (var rule in rules)
        {
            Collect(rule, securityEvent, values);
        }

        var admin = securityEvent.Admin;
        return securityEvent with
        {
            Raw = default,
            Reason = Names(PrivacyFields.Reason) || securityEvent.Kind is not (EventKind.User or EventKind.Admin)
                ? values.Conceal(securityEvent.Reason) : securityEvent.Reason,
            Actor = Conceal(securityEvent.Actor, values),
            Subject = Conceal(securityEvent.Subject, values),
            ClientId = values.ConcealIdentity(securityEvent.ClientId),
            SessionId = values.ConcealIdentity(securityEvent.SessionId),
            TransactionId = values.ConcealIdentity(securityEvent.TransactionId),
            IpAddress = Names(PrivacyFields.IpAddress) ? values.ConcealIdentity(securityEvent.IpAddress) : securityEvent.IpAddress,
            Location = Names(PrivacyFields.Location) ? null : securityEvent.Location,
            Details = Conceal(securityEvent.Details, values),
            Admin = admin is null ? null : admin with
            {
                ResourcePath = values.Conceal(admin.ResourcePath) ?? "",
                ResourceId = values.ConcealIdentity(admin.ResourceId),
                ResourceName = values.Conceal(admin.ResourceName),
                RoleIds = values.Conceal(admin.RoleIds),
                Values = Names(PrivacyFields.Representation) ? [] : ConcealValues(admin.Values, values),
                Representation = Names(PrivacyFields.Representation) ? null : ConcealedJson.Conceal(admin.Representation, values),
            },
        };
    }

    private bool Names(string field) => rules.Any(rule => rule.Field == field);

    private void Collect(PrivacyRule rule, SecurityEvent securityEvent, ConcealedValues values)
    {
        Add(rule, Find(rule.Field, securityEvent), values);
        foreach (var (name, value) in securityEvent.Details)
        {
            if (PrivacyFields.IsAlias(rule.Field, name, inDetails: true))
            {
                Add(rule, value, values);
            }
        }

        foreach (var text in securityEvent.Admin?.Representation is { } json
            ? ConcealedJson.TextsOf(json, name => PrivacyFields.IsAlias(rule.Field, name, inDetails: false)) : [])
        {
            Add(rule, text, values);
        }

        if (rule.Field == PrivacyFields.Email)
        {
            Add(rule, securityEvent.Actor?.Email, values);
        }
    }

    private void Add(PrivacyRule rule, string? value, ConcealedValues values)
    {
        // A detail may contain an innocuous word that also occurs elsewhere on its own; Conceal(details) handles the detail
        // itself.
        if (string.IsNullOrEmpty(value) || (rule.Field.StartsWith(PrivacyFields.Context, StringComparison.Ordinal) && !IsTelling(value)))
        {
            return;
        }

        var isAddress = IPAddress.TryParse(value, out var address) && value.AsSpan().ContainsAny('.', ':');
        values.Add(value, Replace(rule.Action, value), isAddress);
        if (isAddress && address!.ToString() is { } canonical && canonical != value)
        {
            values.Add(canonical, Replace(rule.Action, value), standsAlone: true);
        }
    }

    private string? Replace(PrivacyAction action, string value) => action switch
    {
        PrivacyAction.Drop => null,
        PrivacyAction.TruncateIp => AddressCut.Cut(value) ?? Mask,
        PrivacyAction.Hash when key is not null => key.Hash(value),
        _ => Mask,
    };

    private static bool IsTelling(string value) => value.Length >= 4 && !bool.TryParse(value, out _);

    private static string? Find(string field, SecurityEvent securityEvent) => field switch
    {
        PrivacyFields.Subject => securityEvent.Subject?.Name,
        PrivacyFields.SubjectId => securityEvent.Subject?.Id,
        PrivacyFields.Requestor => securityEvent.Actor?.Name,
        PrivacyFields.RequestorId => securityEvent.Actor?.Id,
        PrivacyFields.RequestorClientId => securityEvent.Actor?.ClientId,
        PrivacyFields.Email => securityEvent.Subject?.Email,
        PrivacyFields.IpAddress => securityEvent.IpAddress,
        PrivacyFields.SessionId => securityEvent.SessionId,
        PrivacyFields.ClientId => securityEvent.ClientId,
        PrivacyFields.TransactionId => securityEvent.TransactionId,
        PrivacyFields.Reason => securityEvent.Reason,
        PrivacyFields.ResourcePath => securityEvent.Admin?.ResourcePath,
        PrivacyFields.ResourceId => securityEvent.Admin?.ResourceId,
        PrivacyFields.ResourceName => securityEvent.Admin?.ResourceName,
        _ => null,
    };

    private static EventParty? Conceal(EventParty? party, ConcealedValues values) => party is null ? null : party with
    {
        Id = values.ConcealIdentity(party.Id),
        Name = values.ConcealIdentity(party.Name),
        Email = values.ConcealIdentity(party.Email),
        ClientId = values.ConcealIdentity(party.ClientId),
    };

    private static List<KeyValuePair<string, string>> ConcealValues(IReadOnlyList<KeyValuePair<string, string>> shown, ConcealedValues values) =>
    [
        .. shown.Select(one => KeyValuePair.Create(one.Key, values.Conceal(one.Value))).Where(one => one.Value is not null)
            .Select(one => KeyValuePair.Create(one.Key, one.Value!)),
    ];

    private List<KeyValuePair<string, string>> Conceal(IReadOnlyList<KeyValuePair<string, string>> details, ConcealedValues values)
    {
        var shown = new List<KeyValuePair<string, string>>(details.Count);
        foreach (var (name, value) in details)
        {
            var own = rules.FirstOrDefault(rule => rule.Field.StartsWith(PrivacyFields.Context, StringComparison.Ordinal)
                && PrivacyFields.IsAlias(rule.Field, name, inDetails: true));
            var concealed = own is not null && !IsTelling(value) ? Replace(own.Action, value) : values.Conceal(value);
            if (concealed is not null)
            {
                shown.Add(new(values.ConcealName(name), concealed));
            }
        }

        return shown;
    }
}
