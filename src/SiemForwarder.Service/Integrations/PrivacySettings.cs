using SiemForwarder.Connections;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Integrations;

/// <summary>The privacy rules of an integration: checked, shown, and converted to the policy applied to its events.</summary>
internal static class PrivacySettings
{
    private const int MaxRules = 100;
    private const int MinKeyLength = 16;
    private const int MaxKeyLength = 500;
    private const int MaxKeyIdLength = 32;

    public static readonly IReadOnlyDictionary<string, PrivacyAction> Actions = new Dictionary<string, PrivacyAction>
    {
        ["drop"] = PrivacyAction.Drop,
        ["mask"] = PrivacyAction.Mask,
        ["truncate-ip"] = PrivacyAction.TruncateIp,
        ["hash"] = PrivacyAction.Hash,
    };

    /// <summary>The rules of a request; adds errors under <c>privacy</c>.</summary>
    public static IReadOnlyList<PrivacyRuleContract> Read(
        IntegrationRequest request, string schema, IReadOnlyDictionary<string, Secret> secrets, FieldErrors errors)
    {
        CheckKey(request.PrivacyKeyId, secrets, errors);
        var given = request.Privacy ?? [];
        if (given.Count > MaxRules)
        {
            errors.Add("privacy", $"Give at most {MaxRules} rules; context.* stands for all details.");
        }

        var rules = given.Take(MaxRules).Select((one, index) => Read(one, $"privacy[{index}]", errors)).ToList();
        foreach (var twice in rules.GroupBy(rule => rule.Field).Where(same => same.Count() > 1))
        {
            errors.Add("privacy", $"Names {twice.Key} more than once; give one rule for it.");
        }

        if (rules.Count > 0 && schema == "raw")
        {
            errors.Add(
                "schema",
                "The schema raw sends exactly what the source sent, so no field can be hidden; choose native or another schema, or "
                + "omit privacy.");
        }

        var hasKey = secrets.ContainsKey(SecretName.PrivacyKey) && request.PrivacyKeyId is { Length: > 0 };
        if (rules.Any(rule => rule.Action == "hash") && !hasKey)
        {
            errors.Add("privacyKey", "Hashing needs privacyKey, a secret, and privacyKeyId, which is written into every hash.");
        }

        return rules;
    }

    /// <summary>The policy applied to the events of an integration; null if there are no rules.</summary>
    public static PrivacyPolicy? Policy(IntegrationSettings settings, IReadOnlyDictionary<string, Secret> secrets) =>
        settings.Privacy.Count == 0 ? null : new PrivacyPolicy(
            [.. settings.Privacy.Select(rule => new PrivacyRule(rule.Field!, Actions[rule.Action!]))],
            settings.PrivacyKeyId is { } id && secrets.TryGetValue(SecretName.PrivacyKey, out var key)
                ? new PrivacyKey(id, key.Reveal())
                : null);

    private static PrivacyRuleContract Read(PrivacyRuleContract? given, string place, FieldErrors errors)
    {
        var field = given?.Field?.Trim() ?? "";
        if (!PrivacyFields.IsKnown(field) || field.Length > 200)
        {
            errors.Add(
                $"{place}.field",
                $"'{field}' is not a field that can be hidden; use context.NAME for a detail, context.* for all of them, or one of: "
                + $"{string.Join(", ", PrivacyFields.All)}.");
        }

        if (string.IsNullOrEmpty(given?.Action))
        {
            errors.Add($"{place}.action", $"Say what happens to the field: {string.Join(", ", Actions.Keys)}.");
        }

        var action = errors.Choose($"{place}.action", given?.Action, PrivacyAction.Drop, Actions);
        if (!PrivacyFields.Takes(field, action))
        {
            errors.Add($"{place}.action", action == PrivacyAction.TruncateIp
                ? $"{field} is not an address; truncate-ip is for ip_address and for details that contain one."
                : $"{field} can only be dropped.");
        }

        return new PrivacyRuleContract(field, ApiEnumNames.NameOf(Actions, action));
    }

    private static void CheckKey(string? id, IReadOnlyDictionary<string, Secret> secrets, FieldErrors errors)
    {
        static bool IsLegal(char character) => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_';
        if (id is not null && (id.Length is 0 or > MaxKeyIdLength || !id.All(IsLegal)))
        {
            errors.Add("privacyKeyId", $"Must be 1 to {MaxKeyIdLength} letters, digits, dots, dashes or underscores.");
        }

        if (secrets.TryGetValue(SecretName.PrivacyKey, out var key) && key.Reveal().Length is < MinKeyLength or > MaxKeyLength)
        {
            errors.Add("privacyKey", $"Must have {MinKeyLength} to {MaxKeyLength} characters: anyone who guesses it can try every user name.");
        }
    }
}
