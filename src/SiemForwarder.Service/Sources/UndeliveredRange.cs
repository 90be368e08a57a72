namespace SiemForwarder.Service.Sources;

/// <summary>Events of a source that an enabled integration has not got.</summary>
/// <param name="IntegrationId">The integration.</param>
/// <param name="Integration">Its name.</param>
/// <param name="First">First position.</param>
/// <param name="Last">Last position.</param>
internal sealed record UndeliveredRange(int IntegrationId, string Integration, long First, long Last)
{
    public long Count => Last - First + 1;
}
