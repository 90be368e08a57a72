using System.Text;
using System.Text.Unicode;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Lint;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>Processes events like a dispatcher without sending them, and parses the resulting bytes.</summary>
internal sealed class Previewer(TimeProvider time)
{
    public async Task<PreviewResponse> RunAsync(
        RunnableIntegration integration, string origin, IReadOnlyList<SecurityEvent> events, CancellationToken cancellationToken)
    {
        await using var destination = integration.Kind.Open(integration.Destination, time);
        using var buffer = BatchBuffer.For(integration, destination.Limits);
        var units = new List<PreviewUnit>();
        var messages = new List<PreviewMessage>();
        var note = events.Count > 0 ? null : "None of the most recent stored events passes the filter.";
        for (var next = 0; next < events.Count;)
        {
            buffer.Clear();
            var first = next;
            while (next < events.Count && !buffer.IsFull && buffer.TryFormat(integration.Show(events[next])))
            {
                next++;
            }

            var batch = buffer.ToBatch();
            var image = await destination.RenderAsync(batch, cancellationToken)
                ?? new WireImage([], $"The destination {integration.Kind.Id} cannot show what it sends.");
            var read = await ReadAsync(integration, destination, batch, image, cancellationToken);
            messages.AddRange(read.Select((one, index) => Show(one, events[first + index], units.Count, integration)));
            units.AddRange(image.Units.Select(Show));
            note = image.Note ?? note;
        }

        var findings = messages.SelectMany(message => message.Findings).ToLookup(finding => finding.Level);
        return new PreviewResponse(
            origin, integration.Kind.Id, ApiEnumNames.NameOf(ApiEnumNames.OutputTypes, integration.Output.OutputType), integration.Output.Schema,
            new PreviewLimits(destination.Limits.MaxEvents, destination.Limits.MaxBytes, integration.Output.MaxMessageBytes),
            findings[FindingLevel.Error].Count(), findings[FindingLevel.Warning].Count(), units, messages, note);
    }

    /// <summary>Parses every event of a batch from the units.</summary>
    private static async Task<List<ReadMessage>> ReadAsync(
        RunnableIntegration integration, IDestination destination, DeliveryBatch batch, WireImage image,
        CancellationToken cancellationToken)
    {
        var messages = new List<ReadMessage>();
        IReadOnlyList<Finding> framing = [];
        var isStream = image.Units is [{ Kind: WireUnitKind.Stream or WireUnitKind.File }];
        var frames = isStream ? FrameReader.Read(image.Units[0].Body, out framing) : [];
        if (isStream && frames.Count != batch.Count)
        {
            var sentence = $"A receiver would read {CountText.Of(batch.Count, "event")} of this stream as {CountText.Of(frames.Count, "message")}.";
            framing = [.. framing, new Finding(FindingLevel.Error, "framing", sentence)];
        }

        for (var index = 0; index < batch.Count; index++)
        {
            var unit = image.Units.Count == batch.Count ? index : 0;
            var kind = unit < image.Units.Count ? image.Units[unit].Kind : null;
            var frame = index < frames.Count ? frames[index] : (Frame?)null;
            var message = frame?.Message ?? batch[index].ToArray();

            // A request is parsed as if it carried only this event, so that the envelope of each event is parsed with it.
            var alone = kind == WireUnitKind.Request ? await destination.RenderAsync(batch.Slice(index, 1), cancellationToken) : null;
            var reading = alone is null
                ? MessageReader.Read(message.Span, integration.Output)
                : RequestReader.Read(alone.Units[0].Body, message, integration.Output);
            var carrier = SizeRules.CheckCarrier(message.Length, kind == WireUnitKind.Datagram, destination.Limits.MaxBytes);
            messages.Add(new ReadMessage(unit, message, frame?.Octets, reading.Fields, [.. reading.Findings, .. framing, .. carrier]));
        }

        return messages;
    }

    private static PreviewMessage Show(ReadMessage read, SecurityEvent one, int unitsBefore, RunnableIntegration integration) => new(
        one.Id, one.Type, one.Source.Id is > 0 and var source ? source : null, one.Position is > 0 and var position ? position : null,
        FilteredBy(integration, one), unitsBefore + read.Unit, Encoding.UTF8.GetString(read.Bytes.Span), Base64Of(read.Bytes.Span),
        read.Bytes.Length, read.FrameBytes, read.Findings, read.Fields);

    // Not the text of the verdict, which names the user, whom the privacy rules may hide.
    private static string? FilteredBy(RunnableIntegration integration, SecurityEvent one) =>
        integration.Filter.Evaluate(one) is { IsWanted: false } verdict
            ? $"{(verdict.IsExcluded ? "exclude" : "include")}.{verdict.List}"
            : null;

    private static PreviewUnit Show(WireUnit unit) => new(
        unit.Kind, unit.Head.IsEmpty ? null : Encoding.UTF8.GetString(unit.Head.Span), Encoding.UTF8.GetString(unit.Body.Span),
        Base64Of(unit.Body.Span), unit.Body.Length, unit.Sent.Length,
        unit.Sent.Span.SequenceEqual(unit.Body.Span) ? null : Convert.ToBase64String(unit.Sent.Span));

    private static string? Base64Of(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) ? null : Convert.ToBase64String(bytes);

    /// <summary>An event as parsed from the unit with that index.</summary>
    private sealed record ReadMessage(
        int Unit, ReadOnlyMemory<byte> Bytes, int? FrameBytes, IReadOnlyList<ParsedField> Fields, IReadOnlyList<Finding> Findings);
}
