using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using SiemForwarder.Events.Lint;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>Which events to preview, and with which integration; without events or recent, built-in samples are shown.</summary>
/// <param name="Integration">Settings to use, as for creating an integration; omitted secrets of a stored integration are taken from
/// it.</param>
/// <param name="Events">At most 100 events: in the native schema, as returned by Keycloak's API, or as sent by a Keycloak webhook
/// plug-in.</param>
/// <param name="Recent">Show the last 1 to 100 stored events that pass the filter instead.</param>
/// <param name="Source">Id of the source whose name, realm and host the given or sample events carry; an example source by default.</param>
public sealed record PreviewRequest(
    IntegrationRequest? Integration = null, IReadOnlyList<JsonElement>? Events = null, [property: Range(1, 100)] int? Recent = null, int? Source = null)
{
    /// <summary>Hides events and secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "PreviewRequest { *** }";
}

/// <summary>What would be sent; nothing is sent.</summary>
/// <param name="Origin">Which events are shown: <c>given</c>, <c>recent</c> or <c>samples</c>.</param>
/// <param name="Destination">Kind id of the destination.</param>
/// <param name="OutputType"><c>Syslog</c>, <c>JSON</c>, <c>CEF</c> or <c>LEEF</c>.</param>
/// <param name="Schema">Schema, if the output type is JSON.</param>
/// <param name="Limits">The size limits of a batch and a message.</param>
/// <param name="Errors">Number of findings with level error in all messages.</param>
/// <param name="Warnings">Number of findings with level warning in all messages.</param>
/// <param name="Units">Requests, datagrams, broker messages or runs of frames, in order.</param>
/// <param name="Messages">The events in order, each as its receiver reads it.</param>
/// <param name="Note">What is not shown, and why; null if everything is shown.</param>
public sealed record PreviewResponse(
    string Origin, string Destination, string OutputType, string Schema, PreviewLimits Limits, int Errors, int Warnings,
    IReadOnlyList<PreviewUnit> Units,
    IReadOnlyList<PreviewMessage> Messages, string? Note);

/// <summary>The size limits of a batch and a message.</summary>
/// <param name="MaxEvents">Maximum number of events in a batch.</param>
/// <param name="MaxBytes">Maximum number of bytes of formatted events in a batch.</param>
/// <param name="MaxMessageBytes">Maximum message size in bytes.</param>
public sealed record PreviewLimits(int MaxEvents, int MaxBytes, int MaxMessageBytes);

/// <summary>One request, datagram, broker message or run of frames.</summary>
/// <param name="Kind"><c>request</c>, <c>datagram</c>, <c>stream</c>, <c>message</c> or <c>file</c>.</param>
/// <param name="Head">Request line and headers including the final empty line, secrets masked; null if there are none.</param>
/// <param name="Body">The body before compression, as text.</param>
/// <param name="BodyBase64">The exact body, if it is not UTF-8; otherwise null.</param>
/// <param name="BodyBytes">Its size in bytes.</param>
/// <param name="SentBytes">Size in bytes of the body as sent; smaller if it is compressed.</param>
/// <param name="SentBase64">The exact body as sent, if it is compressed; otherwise null.</param>
public sealed record PreviewUnit(
    string Kind, string? Head, string Body, string? BodyBase64, int BodyBytes, int SentBytes, string? SentBase64);

/// <summary>One event as its receiver reads it.</summary>
/// <param name="EventId">Its id, the same in every format.</param>
/// <param name="EventType">Its type.</param>
/// <param name="Source">Id of its source; null if it has none.</param>
/// <param name="Position">Position in the log; null if it is not in a log.</param>
/// <param name="FilteredBy">The filter list that excludes it, such as <c>exclude.types</c>; null if it is sent.</param>
/// <param name="Unit">Index of the unit that carries it.</param>
/// <param name="Text">The message without framing, as text.</param>
/// <param name="Base64">The exact message, if it is not UTF-8; otherwise null.</param>
/// <param name="Bytes">Its size in bytes.</param>
/// <param name="FrameBytes">Its size in bytes with framing, if messages are framed.</param>
/// <param name="Findings">What a strict receiver would object to.</param>
/// <param name="Fields">The fields that the receiver sees, parsed from the bytes.</param>
public sealed record PreviewMessage(
    string EventId, string EventType, int? Source, long? Position, string? FilteredBy, int Unit, string Text, string? Base64,
    int Bytes, int? FrameBytes,
    IReadOnlyList<Finding> Findings, IReadOnlyList<ParsedField> Fields);
