using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Operations;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>An event that takes longer than it may is delivered all the same, counted, and an alarm that names it.</summary>
public sealed class SlowEventTests(TestPostgres postgres)
{
    [Fact]
    public async Task AnEventThatTakesLongIsAnAlarmWithItsId()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Dispatch:SlowEvent=00:00:00.001");
        var source = await SeededLog.AddSourceAsync(forwarder, "slow realm");
        var id = await forwarder.AddIntegrationAsync(new
        {
            name = "held up", serverUrl = $"http://127.0.0.1:{receiver.Port}/", outputType = "JSON", privacy = new[] { new { field = "subject", action = "mask" } },
        });

        // A name of 400,000 letters: to read and to hide it takes more than a millisecond on any machine.
        var ids = await SeededLog.AppendAsync(forwarder, source, [string.Concat(Enumerable.Range(0, 400_000).Select(index => (char)('a' + (index * index % 26))))]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", status => (long)status["backlog"]! == 0 && status["lastSuccessAt"] is not null);
        var alarms = await forwarder.Services.GetRequiredService<AlarmQueries>().ReadAsync(TimeProvider.System.GetUtcNow(), TestContext.Current.CancellationToken);
        var metrics = await forwarder.Api.GetStringAsync("/metrics", TestContext.Current.CancellationToken);

        var alarm = Assert.Single(alarms, one => one.Kind == AlarmKind.EventsSlow);
        Assert.Equal($"integration:{id}", alarm.Subject);
        Assert.Contains($"event {ids[0]} of source 'slow realm' took ", alarm.Message, StringComparison.Ordinal);
        Assert.Contains("siemforwarder_events_slow_total{integration=\"held up\",source=\"slow realm\"}", metrics, StringComparison.Ordinal);
    }
}
