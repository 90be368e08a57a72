namespace SiemForwarder.Service.Access;

/// <summary>What the operator may set about who reaches the API; section <c>Forwarder:Access</c>.</summary>
internal sealed class AccessOptions
{
    public const string Section = "Forwarder:Access";

    /// <summary>Names under which the API is called, beside loopback and the hosts of the URLs it listens on; <c>*</c> for any.</summary>
    public IList<string> AllowedHosts { get; set; } = [];
}
