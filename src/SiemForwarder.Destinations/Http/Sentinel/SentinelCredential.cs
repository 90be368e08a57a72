namespace SiemForwarder.Destinations.Http.Sentinel;

/// <summary>As whom the forwarder asks Entra ID for a token.</summary>
internal enum SentinelCredential
{
    /// <summary>An app registration with a secret.</summary>
    ClientSecret,

    /// <summary>The identity of the virtual machine, container app or other Azure resource that the engine runs on.</summary>
    ManagedIdentity,

    /// <summary>The identity that Entra ID grants to a Kubernetes service account.</summary>
    WorkloadIdentity,
}
