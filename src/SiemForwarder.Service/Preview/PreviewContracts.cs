using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using SiemForwarder.Events.Lint;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>Which events shall be shown, and as which integration; without events or recent, built-in samples are.</summary>
/// <param name="Integration">Settings to show them with, as for creating an integration; of a stored one, secrets left out are those
/// stored.</param>
/// <param name="Events">At most 100 events: in the native schema, as Keycloak's API serves them, or as a webhook plug-in of Keycloak sends
/// them.</param>
/// <param name="Recent">Show the last 1 to 100 stored events that pass the filter, instead.</param>
/// <param name="Source">Id of the source whose name, realm and host the given or sample events carry; an example of one by default.</param>
public sealed record PreviewRequest(
    IntegrationRequest? Integration = null, IReadOnlyList<JsonElement>? Events = null, [property: Range(1, 100)] int? Recent = null, int? Source = null)
{
    /// <summary>Hides events and secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "PreviewRequest { *** }";
}

/// <summary>What would be sent; nothing was.</summary>
/// <param name="Origin">Which events are shown: <c>given</c>, <c>recent</c> or <c>samples</c>.</param>
/// <param name="Destination">Kind id of the destination.</param>
/// <param name="OutputType"><c>Syslog</c>, <c>JSON</c>, <c>CEF</c> or <c>LEEF</c>.</param>
/// <param name="Schema">Schema, where the output type has JSON.</param>
/// <param name="Limits">What a batch and a message may hold.</param>
/// <param name="Errors">Findings of the level error over all messages.</param>
/// <param name="Warnings">Findings of the level warning over all messages.</param>
/// <param name="Units">Requests, datagrams, messages of a broker or runs of frames, in their order.</param>
/// <param name="Messages">The events in their order, each as its receiver reads it.</param>
/// <param name="Note">What is not shown, and why; null where everything is.</param>
public sealed record PreviewResponse(
    string Origin, string Destination, string OutputType, string Schema, PreviewLimits Limits, int Errors, int Warnings,
    IReadOnlyList<PreviewUnit> Units,
    IReadOnlyList<PreviewMessage> Messages, string? Note);

/// <summary>What a batch and a message may hold.</summary>
/// <param name="MaxEvents">Most events in a batch.</param>
/// <param name="MaxBytes">Most bytes of formatted events in a batch.</param>
/// <param name="MaxMessageBytes">Longest message in bytes.</param>
public sealed record PreviewLimits(int MaxEvents, int MaxBytes, int MaxMessageBytes);

/// <summary>One request, datagram, message of a broker or run of frames.</summary>
/// <param name="Kind"><c>request</c>, <c>datagram</c>, <c>stream</c>, <c>message</c> or <c>file</c>.</param>
/// <param name="Head">Request line and headers with the empty line behind them, secrets masked; null where there are none.</param>
/// <param name="Body">What follows, before compression, as text.</param>
/// <param name="BodyBase64">The same exactly, where it is not UTF-8; else null.</param>
/// <param name="BodyBytes">Its bytes.</param>
/// <param name="SentBytes">Bytes of the body as it is sent: fewer where it is compressed.</param>
/// <param name="SentBase64">The body exactly as it is sent, where it is compressed; else null.</param>
public sealed record PreviewUnit(
    string Kind, string? Head, string Body, string? BodyBase64, int BodyBytes, int SentBytes, string? SentBase64);

/// <summary>One event as its receiver reads it.</summary>
/// <param name="EventId">Its id, the same in every format.</param>
/// <param name="EventType">Its type.</param>
/// <param name="Source">Id of its source; null where it has none.</param>
/// <param name="Position">Position in the log; null where it is not in a log.</param>
/// <param name="FilteredBy">The list of the filter that leaves it out, <c>exclude.types</c>; null where it is sent.</param>
/// <param name="Unit">Index of the unit that carries it.</param>
/// <param name="Text">The message as it stands there, without framing.</param>
/// <param name="Base64">The same exactly, where it is not UTF-8; else null.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="FrameBytes">Its bytes with framing, where messages are framed.</param>
/// <param name="Findings">What a strict receiver would stumble over.</param>
/// <param name="Fields">The fields that the receiver sees, read back out of the bytes.</param>
public sealed record PreviewMessage(
    string EventId, string EventType, int? Source, long? Position, string? FilteredBy, int Unit, string Text, string? Base64,
    int Bytes, int? FrameBytes,
    IReadOnlyList<Finding> Findings, IReadOnlyList<ParsedField> Fields);
