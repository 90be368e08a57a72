using SiemForwarder.Events;

namespace SiemForwarder.Reliability.Oracle;

/// <summary>An event that was put into the realm, and what must become of it.</summary>
/// <param name="Id">Its id, which it also carries inside, so that it is known where the server gives out no ids.</param>
/// <param name="Stream">Stream that it was put into.</param>
/// <param name="TimeMs">Its stamp.</param>
/// <param name="Json">The exact bytes that the server shows.</param>
/// <param name="Raw">The bytes that a receiver of the schema <c>raw</c> must get: the same, without a representation.</param>
/// <param name="At">When it was issued, by the clock of the scenario.</param>
internal sealed record IssuedEvent(string Id, EventStream Stream, long TimeMs, byte[] Json, byte[] Raw, DateTimeOffset At);
