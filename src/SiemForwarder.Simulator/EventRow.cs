namespace SiemForwarder.Simulator;

/// <summary>One stored event: its time and where its rendered JSON lies.</summary>
/// <param name="TimeMs">Stamp in epoch milliseconds.</param>
/// <param name="Json">Block that holds the JSON object.</param>
/// <param name="Offset">Start of the object in the block.</param>
/// <param name="Length">Length of the object in bytes.</param>
/// <param name="IdLength">Length of the leading <c>"id":"…",</c> member, 0 where there is none.</param>
/// <param name="IsPoison">True where the server cannot read the row.</param>
internal readonly record struct EventRow(long TimeMs, byte[] Json, int Offset, int Length, int IdLength, bool IsPoison)
{
    /// <summary>The object as a server of <paramref name="tier"/> writes it, without its opening brace.</summary>
    public ReadOnlySpan<byte> AfterBrace(SimulatedTier tier)
    {
        var skipped = tier == SimulatedTier.WithIds ? 1 : 1 + IdLength;
        return Json.AsSpan(Offset + skipped, Length - skipped);
    }
}
