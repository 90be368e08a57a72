using SiemForwarder.Events.Formats.Json;

namespace SiemForwarder.Events.Formats.Cim;

/// <summary>Writes the fields of CIM's data model Change.</summary>
internal static class CimChange
{
    private const int MaxCategoryLength = 128;

    public static void Write(SecurityEvent securityEvent, string model, JsonMembers json)
    {
        var admin = securityEvent.Admin;
        json.Text("action"u8, CimAction.OfChange(model));
        json.Text("change_type"u8, "AAA"u8);
        json.Identity("command"u8, securityEvent.Type);
        json.Text("result"u8, Known(CimAction.Value(model, "result="), securityEvent.Reason));
        json.Text("object_attrs"u8, CimAction.Value(model, "object_attrs="));
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

    private static ReadOnlySpan<char> Known(ReadOnlySpan<char> text, ReadOnlySpan<char> otherwise) => text.IsEmpty ? otherwise : text;
}
