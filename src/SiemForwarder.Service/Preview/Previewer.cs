using System.Text;
using System.Text.Unicode;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Lint;
using SiemForwarder.Service.Dispatch;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>Does with events all that a dispatcher does but send them, and reads the bytes back.</summary>
internal sealed class Previewer(TimeProvider time)
{
    public async Task<PreviewResponse> RunAsync(RunnableIntegration integration, string origin, IReadOnlyList<SecurityEvent> events, CancellationToken cancellationToken)
    {
        await using var destination = integration.Kind.Open(integration.Destination, time);
        using var buffer = BatchBuffer.For(integration, destination.Limits);
        var units = new List<PreviewUnit>();
        var messages = new List<PreviewMessage>();
        var note = events.Count > 0 ? null : "None of the last stored events passes the filter.";
        for (var next = 0; next < events.Count;)
        {
            buffer.Clear();
            var first = next;
            while (next < events.Count && !buffer.IsFull && buffer.TryAdd(events[next]))
            {
                next++;
            }

            var batch = buffer.ToBatch();
            var image = await destination.RenderAsync(batch, cancellationToken) ?? new WireImage([], $"The destination {integration.Kind.Id} cannot show what it sends.");
            messages.AddRange(await ReadAsync(integration, destination, batch, image, events.Skip(first).ToList(), units.Count, cancellationToken));
            units.AddRange(image.Units.Select(Show));
            note = image.Note ?? note;
        }

        var findings = messages.SelectMany(message => message.Findings).ToLookup(finding => finding.Level);
        return new PreviewResponse(
            origin, integration.Kind.Id, Choices.NameOf(Choices.OutputTypes, integration.Output.OutputType), integration.Output.Schema,
            new PreviewLimits(destination.Limits.MaxEvents, destination.Limits.MaxBytes, integration.Output.MaxMessageBytes),
            findings[FindingLevel.Error].Count(), findings[FindingLevel.Warning].Count(), units, messages, note);
    }

    private static async Task<List<PreviewMessage>> ReadAsync(
        RunnableIntegration integration, IDestination destination, DeliveryBatch batch, WireImage image, List<SecurityEvent> events, int unitsBefore,
        CancellationToken cancellationToken)
    {
        var messages = new List<PreviewMessage>();
        IReadOnlyList<Finding> framing = [];
        var isStream = image.Units is [{ Kind: WireUnitKind.Stream or WireUnitKind.File }];
        var frames = isStream ? FrameReader.Read(image.Units[0].Body, out framing) : [];
        for (var index = 0; index < batch.Count; index++)
        {
            var unit = image.Units.Count == batch.Count ? index : 0;
            var frame = index < frames.Count ? frames[index] : (Frame?)null;
            var bytes = frame?.Message ?? batch[index];
            var isRequest = image.Units.Count > 0 && image.Units[unit].Kind == WireUnitKind.Request;
            var reading = isRequest
                ? RequestReader.Read((await destination.RenderAsync(batch.Slice(index, 1), cancellationToken))!.Units[0].Body, bytes, integration.Output)
                : MessageReader.Read(bytes.Span, integration.Output);
            var isDatagram = image.Units.Count > 0 && image.Units[unit].Kind == WireUnitKind.Datagram;
            messages.Add(new PreviewMessage(
                events[index].Id, events[index].Type, events[index].Source.Id is > 0 and var source ? source : null, events[index].Position is > 0 and var position ? position : null,
                FilteredBy(integration, events[index]), unitsBefore + unit, Encoding.UTF8.GetString(bytes.Span), Base64Of(bytes.Span), bytes.Length, frame?.Octets,
                [.. reading.Findings, .. framing, .. SizeRules.CheckCarrier(bytes.Length, isDatagram, destination.Limits.MaxBytes)], reading.Fields));
        }

        return messages;
    }

    // Not in the words of the verdict: they name the user, whom the privacy rules may hide.
    private static string? FilteredBy(RunnableIntegration integration, SecurityEvent one) =>
        integration.Filter.Evaluate(one) is { IsWanted: false } verdict ? $"{(verdict.IsExcluded ? "exclude" : "include")}.{verdict.List}" : null;

    private static PreviewUnit Show(WireUnit unit) => new(
        unit.Kind, unit.Head.IsEmpty ? null : Encoding.UTF8.GetString(unit.Head.Span), Encoding.UTF8.GetString(unit.Body.Span), Base64Of(unit.Body.Span), unit.Body.Length,
        unit.Sent.Length, unit.Sent.Span.SequenceEqual(unit.Body.Span) ? null : Convert.ToBase64String(unit.Sent.Span));

    private static string? Base64Of(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) ? null : Convert.ToBase64String(bytes);
}
