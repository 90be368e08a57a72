using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Dispatch.Redrive;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>Events that were set aside and are sent again because somebody asked for it.</summary>
public sealed class RedriveLaneTests : IDisposable
{
    private readonly LaneBench bench = new();
    private readonly FakeRedriveTable table = new();
    private readonly ConfigurationSignal configuration = new();

    public RedriveLaneTests() => bench.Log.Append(LaneBench.SourceId, 1, "alice", "bob", "carol");

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task TheStoredBytesAreSentAsTheyAreAndWhatIsSeenBesideThemIsConcealed()
    {
        bench.Privacy = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Mask)], null);
        table.Request(1, position: 2, "as it was");

        await RunUntilAsync(() => table.Settled.Count == 1);

        var sent = Assert.Single(bench.Destination.Sent);
        Assert.Equal(("as it was", 2, PrivacyPolicy.Mask), (sent.Text, sent.Events.Single().Position, sent.Events.Single().Subject!.Name));
        Assert.Equal((1, "delivered", "Accepted on redrive: ok"), table.Settled.Single());
    }

    [Fact]
    public async Task AnEventIsWrittenAnewWhereThatWasAskedForWhateverTheFilterSaysByNow()
    {
        bench.Filter = new EventFilter(new EventMatch { Types = ["NEVER"] }, null);
        table.Request(1, position: 3, "as it was", renderAgain: true);

        await RunUntilAsync(() => table.Settled.Count == 1);

        Assert.Contains("carol", Assert.Single(bench.Destination.Sent).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsRefusedAgainStaysOpenAndTheNextHasItsTurn()
    {
        bench.Destination = new AnsweringDestination(batch => batch.Events[0].Position < 3
            ? new DeliveryOutcome.Rejected("still bad", "HTTP 400") : new DeliveryOutcome.Delivered("ok"));
        for (var position = 1; position <= 3; position++)
        {
            table.Request(position, position, "x");
        }

        await RunUntilAsync(() => table.Settled.Count == 3);

        Assert.Equal(
            [(1, "open", "Refused again: still bad"), (2, "open", "Refused again: still bad"), (3, "delivered", "Accepted on redrive: ok")], table.Settled);
        Assert.Empty(bench.Journal.Records);
    }

    [Fact]
    public async Task HoweverManyAreRefusedTheDestinationIsNotTakenForWrong()
    {
        bench.Settings.MaxRefusalsInARow = 1;
        bench.Destination = new AnsweringDestination(_ => new DeliveryOutcome.Partial([new RejectedEvent(0, "still bad", "400")], [], "HTTP 207"));
        for (var id = 1; id <= 5; id++)
        {
            table.Request(id, position: 1, "x");
        }

        await RunUntilAsync(() => table.Settled.Count == 5);

        Assert.All(table.Settled, one => Assert.Equal(("open", "Refused again: still bad"), (one.State, one.Note)));
        Assert.Empty(bench.Journal.Errors);
    }

    [Fact]
    public async Task AnEventThatIsNotInTheLogAnyMoreStaysOpenAndSaysSo()
    {
        bench.Log.Append(LaneBench.SourceId, 9, "zoe");
        table.Request(1, position: 5, "x");

        await RunUntilAsync(() => table.Settled.Count == 1);

        Assert.Equal((1, "open", "The event is no longer in the log, so it cannot be sent again."), table.Settled.Single());
        Assert.Empty(bench.Destination.Sent);
    }

    [Fact]
    public async Task AFailedRoundIsShownInTheStatusAndTheEventIsSentAfterIt()
    {
        var asked = 0;
        bench.Destination = new AnsweringDestination(_ => asked++ switch
        {
            0 => new DeliveryOutcome.Partial([], [0], "HTTP 207", TimeSpan.FromSeconds(30)),
            1 => new DeliveryOutcome.Misconfigured(ErrorCategory.Authentication, "HTTP 401"),
            _ => new DeliveryOutcome.Delivered("ok"),
        });
        table.Request(1, position: 1, "x");

        await RunUntilAsync(() => table.Settled.Count == 1);

        Assert.Equal([ErrorCategory.ServerError, ErrorCategory.Authentication], bench.Journal.Errors.Select(error => error.Category));
        Assert.Equal("delivered", table.Settled.Single().State);
    }

    [Fact]
    public async Task OfALogThatTheEngineDoesNotKnowYetTheRequestStays()
    {
        bench.Log.History = 0;
        table.Request(1, position: 1, "x");
        await RunUntilAsync(() => table.Lists > 2);
        Assert.Empty(table.Settled);
        Assert.Equal(bench.Destination.Closed, table.Lists - table.EmptyLists);
    }

    [Fact]
    public async Task MoreRequestsThanAreReadAtOnceGoOutWithoutAPause()
    {
        bench.Log.Append(LaneBench.SourceId, 1, [.. Enumerable.Range(1, 250).Select(number => $"user-{number}")]);
        Enumerable.Range(1, 250).ToList().ForEach(number => table.Request(number, number, $"x{number}"));
        var before = bench.Time.GetUtcNow();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var lane = new RedriveLane(bench.Integration, table, bench.Journal, Open, configuration, bench.Time, bench.Telemetry);
        var running = lane.RunAsync(stop.Token);

        // The clock of the lane stands still, so that it would wait forever.
        while (table.Settled.Count < 250 && !running.IsCompleted)
        {
            await Task.Yield();
        }

        Assert.Equal((250, before), (table.Settled.Count, bench.Time.GetUtcNow()));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task WithoutARequestNoConnectionIsOpened()
    {
        await RunUntilAsync(() => table.Lists > 2);

        Assert.Equal(0, bench.Destination.Closed);
    }

    private async Task RunUntilAsync(Func<bool> isSo)
    {
        using var stop = new CancellationTokenSource();
        var lane = new RedriveLane(bench.Integration, table, bench.Journal, Open, configuration, bench.Time, bench.Telemetry);
        var running = lane.RunAsync(stop.Token);
        await bench.AdvanceUntilAsync(isSo);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private BatchDelivery Open(RedriveJournal journal, CancellationToken stopping) => new(
        new DeliveryLane(bench.Integration, LaneBench.Fence, bench.Log, new EventSelection(EventFilter.Everything), journal)
        {
            Formatter = new RedriveFormatter(journal, EventFormatCatalog.Create(bench.Integration.Output)),
        },
        bench.Parts, stopping);

    /// <summary>Requests in memory.</summary>
    private sealed class FakeRedriveTable : IRedriveTable
    {
        private readonly List<RequestedEvent> requested = [];

        public List<(long Id, string State, string Note)> Settled { get; } = [];

        public int Lists { get; private set; }

        public int EmptyLists { get; private set; }

        public void Request(long id, long position, string bytes, bool renderAgain = false) =>
            requested.Add(new RequestedEvent(id, LaneBench.SourceId, position, Encoding.UTF8.GetBytes(bytes), renderAgain));

        public Task<IReadOnlyList<RequestedEvent>> ListRequestedAsync(int integrationId, int limit, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Lists++;
            EmptyLists += requested.Count == 0 ? 1 : 0;
            return Task.FromResult<IReadOnlyList<RequestedEvent>>([.. requested.Take(limit)]);
        }

        public Task SettleAsync(long id, string state, string note, CancellationToken cancellationToken)
        {
            requested.RemoveAll(one => one.Id == id);
            Settled.Add((id, state, note));
            return Task.CompletedTask;
        }
    }
}
