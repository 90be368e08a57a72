using SiemForwarder.Reliability.Judging;
using SiemForwarder.Reliability.Receiving;

namespace SiemForwarder.Reliability.Bench;

/// <summary>One integration of a scenario and the receiver behind it.</summary>
/// <param name="Name">Name of the integration.</param>
/// <param name="Arrivals">What the receiver took.</param>
/// <param name="Rendering">What it must look like.</param>
/// <param name="LargestBatch">Most events of one batch of this kind of destination.</param>
internal sealed record Feed(string Name, Arrivals Arrivals, Rendering Rendering, int LargestBatch)
{
    /// <summary>Reads the connections of every TCP receiver that this feed had, one after the other.</summary>
    public TcpArrivals Tcp { get; } = new(Arrivals);

    /// <summary>Id of the integration.</summary>
    public int Id { get; set; }

    /// <summary>
    /// How often a batch may have been taken without the service knowing: crashes, and attempts that broke with bytes under way.
    /// </summary>
    public int Interruptions { get; set; }

    /// <summary>False where single events of a batch come later than others, as after a partial answer.</summary>
    public bool KeepsOrder { get; set; } = true;
}
