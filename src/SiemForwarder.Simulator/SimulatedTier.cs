namespace SiemForwarder.Simulator;

/// <summary>The generation of Keycloak's events API to simulate.</summary>
public enum SimulatedTier
{
    /// <summary>Like 26.7: event ids, <c>direction</c>, dates as epoch milliseconds or days in UTC.</summary>
    WithIds,

    /// <summary>Like 24.0: no ids, newest first only, dates as days in the server's time zone.</summary>
    WithoutIds,
}
