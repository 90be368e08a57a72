using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Udm;

/// <summary>Chooses the UDM event type: the catalogue's, or a general one if members it requires are missing.</summary>
internal static class UdmEventType
{
    public const string Login = "USER_LOGIN";
    public const string Logout = "USER_LOGOUT";

    public static ReadOnlySpan<char> Of(SecurityEvent securityEvent)
    {
        var text = securityEvent.Description.Classification.Udm.AsSpan();
        var end = text.IndexOf(' ');
        var type = end < 0 ? text : text[..end];
        if (securityEvent.Actor is null && securityEvent.Subject is null)
        {
            return "GENERIC_EVENT";
        }

        var lacks = type is Login or Logout ? securityEvent.Subject is null || string.IsNullOrEmpty(securityEvent.IpAddress)
            : type is "USER_CREATION" or "USER_DELETION" or "USER_CHANGE_PASSWORD" or "USER_CHANGE_PERMISSIONS" && securityEvent.Subject is null;
        return lacks ? "USER_UNCATEGORIZED" : type;
    }

    public static ReadOnlySpan<byte> Mechanism(SecurityEvent securityEvent) => EventDetails.Find(securityEvent.Details, "credential_type") switch
    {
        _ when securityEvent.Type is "CLIENT_LOGIN" or "CLIENT_LOGIN_ERROR" => "SERVICE"u8,
        "password" => "USERNAME_PASSWORD"u8,
        "otp" => "OTP"u8,
        "webauthn" or "webauthn-passwordless" => "HARDWARE_KEY"u8,
        _ when securityEvent.Type is "LOGIN" or "LOGIN_ERROR" => "INTERACTIVE"u8,
        _ => "MECHANISM_OTHER"u8,
    };
}
