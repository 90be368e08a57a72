using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Json;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes <c>observables</c>: the address and the account, for searching over all classes.</summary>
internal static class OcsfObservables
{
    public static void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        Span<char> scratch = stackalloc char[16];
        var isAddress = IpLiteral.Read(securityEvent.IpAddress, scratch, out var address) != CefAddressKind.Name;
        var user = securityEvent.Subject;
        if (!isAddress && string.IsNullOrEmpty(user?.Name) && string.IsNullOrEmpty(user?.Id))
        {
            return;
        }

        json.Writer.WriteStartArray("observables"u8);
        Write("src_endpoint.ip"u8, 2, isAddress ? address : [], json);
        Write("user.name"u8, 4, user?.Name, json);
        Write("user.uid"u8, 31, user?.Id, json);
        Write("user.email_addr"u8, 5, OcsfEmail.IsValid(user?.Email) ? user!.Email : null, json);
        json.Writer.WriteEndArray();
    }

    private static void Write(ReadOnlySpan<byte> name, int type, ReadOnlySpan<char> value, JsonMembers json)
    {
        if (!value.IsEmpty)
        {
            json.Writer.WriteStartObject();
            json.Text("name"u8, name);
            json.Number("type_id"u8, type);
            json.Text("value"u8, value);
            json.Close();
        }
    }
}
