namespace SiemForwarder.Events.Lint;

/// <summary>One message on a stream.</summary>
/// <param name="Message">Its bytes without framing.</param>
/// <param name="Octets">Its length with framing.</param>
public readonly record struct Frame(ReadOnlyMemory<byte> Message, int Octets);
