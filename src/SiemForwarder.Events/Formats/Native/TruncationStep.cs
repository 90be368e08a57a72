namespace SiemForwarder.Events.Formats.Native;

/// <summary>How much of an event is written; each step is tried when the one before was too long.</summary>
/// <param name="Representation">Whether the representation is written.</param>
/// <param name="DetailLength">Longest detail in UTF-16 units; 0 leaves out the details.</param>
/// <param name="TextLength">Longest other text in UTF-16 units.</param>
/// <param name="OnlyIdentity">Whether only what identifies the event is left.</param>
internal readonly record struct TruncationStep(bool Representation, int DetailLength, int TextLength, bool OnlyIdentity = false)
{
    public static readonly TruncationStep[] Steps =
    [
        new(true, int.MaxValue, int.MaxValue),
        new(false, int.MaxValue, int.MaxValue),
        new(false, 1024, 1024),
        new(false, 256, 512),
        new(false, 64, 256),
        new(false, 0, 128),
        new(false, 0, 32),
        new(false, 0, 0, OnlyIdentity: true),
    ];
}
