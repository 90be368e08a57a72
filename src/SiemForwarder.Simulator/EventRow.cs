namespace SiemForwarder.Simulator;

/// <summary>A stored event: its time and the location of its rendered JSON.</summary>
/// <param name="TimeMs">Timestamp in epoch milliseconds.</param>
/// <param name="Json">Block that contains the JSON object.</param>
/// <param name="Offset">Start of the object in the block.</param>
/// <param name="Length">Length of the object in bytes.</param>
/// <param name="IdLength">Length of the leading <c>"id":"…",</c> member, 0 if there is none.</param>
/// <param name="IsPoison">True if the server cannot read the row.</param>
internal readonly record struct EventRow(long TimeMs, byte[] Json, int Offset, int Length, int IdLength, bool IsPoison)
{
    /// <summary>The object as written by a server of <paramref name="tier"/>, without its opening brace.</summary>
    public ReadOnlySpan<byte> AfterBrace(SimulatedTier tier)
    {
        var skipped = tier == SimulatedTier.WithIds ? 1 : 1 + IdLength;
        return Json.AsSpan(Offset + skipped, Length - skipped);
    }
}
