using SiemForwarder.Destinations;

namespace SiemForwarder.Service.Status;

/// <summary>The kinds of success as the API writes them.</summary>
internal static class AcceptanceText
{
    public static string Of(Acceptance? acceptance) => acceptance switch
    {
        Acceptance.Acknowledged => "acknowledged",
        Acceptance.Indexed => "indexed",
        _ => "handed over",
    };
}
