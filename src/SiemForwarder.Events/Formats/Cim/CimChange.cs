using SiemForwarder.Events.Formats.Json;

namespace SiemForwarder.Events.Formats.Cim;

/// <summary>Writes the fields of CIM's data model Change.</summary>
internal static class CimChange
{
    private const int MaxCategoryLength = 128;

    public static void Write(SecurityEvent securityEvent, string model, JsonMembers json)
    {
        var admin = securityEvent.Admin;
        json.Required("action"u8, CimAction.OfChange(model));
        json.Text("change_type"u8, "AAA"u8);
        json.Identity("command"u8, securityEvent.Type);
        json.Text("result"u8, Known(CimAction.Value(model, "result="), securityEvent.Reason));
        json.Required("object_attrs"u8, Known(CimAction.Value(model, "object_attrs="), Attributes(securityEvent)));
        json.Text("object_path"u8, admin?.ResourcePath);
        var isAccount = model.StartsWith("Change/Account_Management", StringComparison.Ordinal);
        var category = CimAction.Value(model, "object_category=");
        if (isAccount || admin is null)
        {
            var user = securityEvent.Subject;
            var isClient = category is "client";
            json.Required("object"u8, Known(isClient ? securityEvent.ClientId : user?.Name, Known(user?.Id, "unknown")));
            json.Required("object_id"u8, Known(isClient ? securityEvent.ClientId : user?.Id, "unknown"));
            json.Text("object_category"u8, !category.IsEmpty ? category : isAccount ? "user" : "consent");
            return;
        }

        json.Required("object"u8, Known(admin.ResourceName, Known(admin.ResourceId, Known(admin.ResourcePath, "unknown"))));
        json.Required("object_id"u8, Known(admin.ResourceId, Known(admin.ResourcePath, "unknown")));
        Span<char> lower = stackalloc char[MaxCategoryLength];
        var type = Text.Texts.Cut(admin.ResourceType, MaxCategoryLength);
        json.Required("object_category"u8, Known(category, lower[..type.ToLowerInvariant(lower)]));
    }

    // Required by the model. "all" for whatever was created, deleted or sent as a whole, because Keycloak does not report which part of it changed.
    private static string Attributes(SecurityEvent securityEvent) => securityEvent.Description.Classification.Action switch
    {
        "assign privileges" or "revoke privileges" => "roles",
        "update role scope" => "scope_mappings",
        "reset password" or "remove password" => "password",
        "remove credential" or "set credential" => "credential",
        "remove mfa" => "mfa",
        "link identity" => "federated_identity",
        "enable user" or "disable user" => "enabled",
        "lock account" or "unlock user" => "lockout",
        "disable account" => "enabled",
        "add member" or "remove member" => "members",
        "change event settings" or "clear events" => "events",
        "update client credential" => "secret",
        "grant consent" or "revoke consent" => "consent",
        "update account" => securityEvent.Type switch
        {
            "UPDATE_EMAIL" or "VERIFY_EMAIL" or "UPDATE_EMAIL_ERROR" or "VERIFY_EMAIL_ERROR" => "email",
            _ => "profile",
        },
        _ => securityEvent.Admin?.Attributes is { Length: > 0 } attributes ? attributes : "all",
    };

    private static ReadOnlySpan<char> Known(ReadOnlySpan<char> text, ReadOnlySpan<char> otherwise) => text.IsEmpty ? otherwise : text;
}
