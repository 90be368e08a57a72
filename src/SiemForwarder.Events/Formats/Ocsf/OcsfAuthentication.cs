using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes the attributes specific to class 3002 Authentication: service, protocol, session, logon type.</summary>
internal static class OcsfAuthentication
{
    private const int Logon = 1;
    private const int AccountSwitch = 7;

    public static void Write(SecurityEvent securityEvent, OcsfActivity activity, JsonMembers json)
    {
        // Either service or destination must be present.
        var client = json.IsScarce || string.IsNullOrEmpty(securityEvent.ClientId) ? "keycloak" : securityEvent.ClientId;
        json.Open("service"u8);
        json.Identity("name"u8, client);
        json.Text("uid"u8, securityEvent.ClientId, Worth.Repetition);
        json.Close();
        if (json.IsScarce)
        {
            return;
        }

        if (activity.ActivityId is Logon or AccountSwitch)
        {
            json.Mark("is_remote"u8, true, Worth.Context);
            json.Number("logon_type_id"u8, 3, Worth.Context);
            json.Text("logon_type"u8, "Network"u8, Worth.Caption);
        }

        if (activity.ActivityId == AccountSwitch)
        {
            json.Number("account_switch_type_id"u8, 2);
            json.Text("account_switch_type"u8, "Impersonate"u8, Worth.Caption);
        }

        WriteProtocol(securityEvent, activity, json);
        WriteSession(securityEvent, json);
    }

    private static void WriteProtocol(SecurityEvent securityEvent, OcsfActivity activity, JsonMembers json)
    {
        var method = EventDetails.Find(securityEvent.Details, "auth_method");
        var isToken = activity.ActivityName?.StartsWith("Token ", StringComparison.Ordinal) == true;
        var protocol = isToken ? 6 : method switch { "openid-connect" => 4, "saml" => 5, "docker-v2" => 99, _ => 0 };
        if (protocol != 0)
        {
            json.Number("auth_protocol_id"u8, protocol, Worth.Context);
            var worth = protocol == OcsfClasses.Other ? Worth.Context : Worth.Caption;
            json.Text("auth_protocol"u8, protocol switch { 4 => "OpenID", 5 => "SAML", 6 => "OAUTH 2.0", _ => method }, worth);
        }

        var refreshToken = securityEvent.Type == "REFRESH_TOKEN" ? EventDetails.Find(securityEvent.Details, "token_id") : null;
        refreshToken ??= EventDetails.Find(securityEvent.Details, "refresh_token_id");
        if (isToken && refreshToken is { Length: > 0 })
        {
            json.Open("authentication_token"u8, Worth.Context);
            json.Number("type_id"u8, 4);
            json.Text("type"u8, "Refresh Token"u8);
            json.Text("uid"u8, refreshToken);
            json.Close();
        }
    }

    private static void WriteSession(SecurityEvent securityEvent, JsonMembers json)
    {
        var session = securityEvent.SessionId ?? securityEvent.TransactionId;
        if (string.IsNullOrEmpty(session))
        {
            return;
        }

        json.Open("session"u8);
        json.Text("uid"u8, session);
        Span<char> issuer = stackalloc char[512];
        var source = securityEvent.Source;
        if (source.Host.Length > 0 && source.Realm.Length > 0 && issuer.TryWrite($"https://{source.Host}/realms/{source.Realm}", out var length))
        {
            json.Text("issuer"u8, issuer[..length], Worth.Context);
        }

        json.Close();
    }
}
