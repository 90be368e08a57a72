namespace SiemForwarder.Events.Privacy;

/// <summary>What is done to a field before an event is sent.</summary>
public enum PrivacyAction
{
    /// <summary>The field is omitted.</summary>
    Drop,

    /// <summary>Replaced with <see cref="PrivacyPolicy.Mask"/>.</summary>
    Mask,

    /// <summary>IPv4 shortened to its /24, IPv6 to its /48; anything that is not an address is masked.</summary>
    TruncateIp,

    /// <summary>Replaced with <c>hmac:KEYID:HEX</c>, the HMAC-SHA-256 (RFC 2104) of its UTF-8 bytes.</summary>
    Hash,
}

/// <summary>A rule: what happens to a field.</summary>
/// <param name="Field">Name as in the native schema, see <see cref="PrivacyFields"/>.</param>
/// <param name="Action">What is done to it.</param>
public sealed record PrivacyRule(string Field, PrivacyAction Action);
