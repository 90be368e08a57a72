using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.Storage;

/// <summary>What the operator may set for the connections to the database; section <c>Forwarder:Database</c>.</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "Forwarder:Database";

    /// <summary>Connections that this process opens at most, whatever it does; never more than the server grants.</summary>
    [Range(4, 1000)]
    public int MaxConnections { get; set; } = 30;

    /// <summary>Connection string for notifications alone, past a connection pooler that does not keep sessions; the usual one where nothing is set.</summary>
    public string? ListenConnection { get; set; }
}
