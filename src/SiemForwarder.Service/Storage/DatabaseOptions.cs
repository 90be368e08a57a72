using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.Storage;

/// <summary>Database connections; section <c>Forwarder:Database</c>.</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "Forwarder:Database";

    /// <summary>Maximum number of connections this process opens; never more than 60 % of what the server grants.</summary>
    [Range(4, 1000)]
    public int MaxConnections { get; set; } = 30;

    /// <summary>Connection string for notifications, to bypass a connection pooler that does not keep sessions; default: the main one.</summary>
    public string? ListenConnection { get; set; }
}
