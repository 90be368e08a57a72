using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Which generation of the events API a server speaks.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ApiTier>))]
public enum ApiTier
{
    /// <summary>Keycloak 26.2 and newer: event ids, ascending order, bounds in epoch milliseconds.</summary>
    WithIds,

    /// <summary>Older: no ids, newest first only, bounds as days in the server's time zone.</summary>
    WithoutIds,
}
