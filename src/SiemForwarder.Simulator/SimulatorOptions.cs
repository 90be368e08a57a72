using System.Security.Cryptography.X509Certificates;

namespace SiemForwarder.Simulator;

/// <summary>Start-up options of a simulated server.</summary>
public sealed record SimulatorOptions
{
    /// <summary>Port on loopback; 0 for a free one.</summary>
    public int Port { get; init; }

    public SimulatedTier Tier { get; init; } = SimulatedTier.WithIds;

    /// <summary>Path before <c>/realms</c> and <c>/admin</c>: empty or <c>/auth</c>.</summary>
    public string PathPrefix { get; init; } = "";

    public IReadOnlyList<string> Realms { get; init; } = ["siem-demo"];

    /// <summary>The server's clock, before applying <see cref="ClockOffset"/>.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How far the server's clock is ahead of <see cref="Clock"/>.</summary>
    public TimeSpan ClockOffset { get; init; }

    /// <summary>Time zone in which the tier without ids interprets days.</summary>
    public TimeZoneInfo ServerTimeZone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>Sends <c>Date</c>, like a reverse proxy; Keycloak itself does not.</summary>
    public bool SendsDate { get; init; }

    /// <summary>Serves HTTPS with this certificate and its private key; null for plain HTTP.</summary>
    public X509Certificate2? Certificate { get; init; }
}
