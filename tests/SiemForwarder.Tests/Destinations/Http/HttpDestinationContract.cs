using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http;

/// <summary>What every destination over HTTP promises; one derives by opening itself and naming an answer that means accepted.</summary>
public abstract class HttpDestinationContract : NetworkDestinationContract
{
    protected override string Scheme => "http";

    /// <summary>What the receiver answers when it took a batch.</summary>
    protected virtual HttpReply Accepted => new(200, "ok");

    /// <summary>A status besides 503 that means an error of the receiver which may pass.</summary>
    protected virtual int ServerError => 500;

    /// <summary>Most bytes that a request may have before compression.</summary>
    protected virtual int WireLimit => 900_000;

    [Fact]
    public async Task AFullBatchStaysBelowTheLimitOfTheReceiver()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));
        // Quotes at every twenty bytes, as in a formatted event: some receivers want them escaped.
        var pairs = (destination.Limits.MaxBytes / destination.Limits.MaxEvents - 7) / 23;
        var document = $"{{{string.Join(',', Enumerable.Range(0, pairs).Select(number => $"\"key{number:D5}\":\"val{number:D5}\""))}}}";

        await destination.SendAsync(SomeBatch.Json(destination.Limits.MaxEvents, _ => document), Soon);

        Assert.InRange(receiver.Requests[0].PlainBody.Length, WireLimit / 3, WireLimit);
    }

    [Fact]
    public async Task AnAcceptedBatchIsDelivered()
    {
        await using var receiver = HttpReceiver.Start(Accepted);

        Assert.IsType<DeliveryOutcome.Delivered>(await SendAsync(receiver));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatIsShownBeforehandIsWhatTheReceiverGets(bool gzip)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        var settings = SomeSettings.For(UrlOf(receiver)) with { Http = new(Gzip: gzip) };
        await using var sending = Open(settings);
        await using var showing = Open(settings);
        var batch = Batch(3);
        await sending.SendAsync(batch, Soon);

        var image = await showing.RenderAsync(batch, Soon);

        Assert.Equal(receiver.Requests.Count, image!.Units.Count);
        Assert.All(receiver.Requests.Zip(image.Units), pair =>
        {
            Assert.Equal(pair.First.Body, pair.Second.Sent.ToArray());
            Assert.Equal(pair.First.PlainBody, pair.Second.Body.ToArray());
            Assert.Empty(Headers(pair.First.Head).Except(Headers(ToText(pair.Second.Head))));
            Assert.DoesNotContain(SecretText, ToText(pair.Second.Head), StringComparison.Ordinal);
            Assert.All(ToText(pair.Second.Head).Split("\r\n").Where(line => line.StartsWith("Authorization: ", StringComparison.Ordinal)), line => Assert.EndsWith("***", line));
        });

        // Without what is secret, fetched only when a batch is sent, or different in every request.
        static IEnumerable<string> Headers(string head) => head.Split("\r\n").Select(line => line.Replace(SecretText, "***", StringComparison.Ordinal))
            .Where(line => !line.StartsWith("Authorization: ", StringComparison.Ordinal) && !line.Contains("-id: ", StringComparison.OrdinalIgnoreCase)
                && !line.Contains("-Channel: ", StringComparison.Ordinal) && !line.StartsWith("webhook-", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("\uFEFF")]
    [InlineData("\r\n")]
    public async Task AnAnswerWithAByteOrderMarkOrALineEndInFrontIsReadAsWithout(string front)
    {
        if (Accepted.Status == 204)
        {
            return;
        }

        await using var receiver = HttpReceiver.Start(Accepted with { Body = front + Accepted.Body });

        Assert.IsType<DeliveryOutcome.Delivered>(await SendAsync(receiver));
    }

    [Theory]
    [InlineData(401, ErrorCategory.Authentication)]
    [InlineData(403, ErrorCategory.Authorization)]
    [InlineData(404, ErrorCategory.Configuration)]
    public async Task WhatSomebodyMustChangeIsMisconfigured(int status, ErrorCategory category)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(status));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await SendAsync(receiver));

        Assert.Equal(category, outcome.Category);
        AssertReadable(outcome.Reason);
    }

    [Fact]
    public async Task ARateLimitIsTransientAndItsWaitIsKept()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(429) { Headers = ["Retry-After: 17"] });

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await SendAsync(receiver));

        Assert.Equal(ErrorCategory.RateLimited, outcome.Category);
        Assert.Equal(TimeSpan.FromSeconds(17), outcome.RetryAfter);
        AssertReadable(outcome.Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnErrorOfTheReceiverIsTransient(bool unavailable)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(unavailable ? 503 : ServerError));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await SendAsync(receiver));

        Assert.Equal(ErrorCategory.ServerError, outcome.Category);
        AssertReadable(outcome.Reason);
    }

    [Theory]
    [InlineData(HttpReplyConduct.CutOff)]
    [InlineData(HttpReplyConduct.Reset)]
    public async Task AnAnswerThatBreaksOffIsTransient(HttpReplyConduct conduct)
    {
        // 204 has no body that could break off.
        var reply = Accepted with { Status = Accepted.Status == 204 ? 200 : Accepted.Status, Body = new string('x', 1000), Conduct = conduct };
        await using var receiver = HttpReceiver.Start(reply);

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await SendAsync(receiver));

        Assert.Equal(ErrorCategory.Connection, outcome.Category);
        AssertReadable(outcome.Reason);
    }

    [Fact]
    public async Task AResetWhileTheBodyIsOnItsWayIsTransient()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        receiver.ResetsBeforeBody = true;
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(LargeBatch(), Soon));

        Assert.Equal(ErrorCategory.Connection, outcome.Category);
    }

    [Fact]
    public async Task AReceiverThatNeverAnswersIsGivenUpWithinTheTimeout()
    {
        await using var receiver = HttpReceiver.Start(Accepted with { Conduct = HttpReplyConduct.Silence });
        await using var destination = Open(SomeSettings.For(UrlOf(receiver), TimeSpan.FromMilliseconds(300)));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Timeout, outcome.Category);
        AssertReadable(outcome.Reason);
        // The body was sent: whether it was taken, nobody knows.
        Assert.Contains("may arrive twice", outcome.Reason);
    }

    [Fact]
    public async Task ATooLargeBatchIsRejectedSoThatItIsHalved()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(413));

        Assert.IsType<DeliveryOutcome.Rejected>(await SendAsync(receiver));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ATooLargeBatchThatIsRefusedWhileItIsStillBeingSentIsRejectedSoThatItIsHalved(bool closes)
    {
        await using var receiver = new EarlyAnswerServer(413, closes);
        await using var destination = Open(SomeSettings.For($"{Scheme}://127.0.0.1:{receiver.Port}/in"));

        for (var attempt = 1; attempt <= 3; attempt++)
        {
            var outcome = Assert.IsType<DeliveryOutcome.Rejected>(await destination.SendAsync(LargeBatch(), Soon));

            Assert.Contains("413", outcome.Reason);
            // One that took half a request is no good for another.
            Assert.Equal(attempt, receiver.Connections);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ABatchThatIsCalledBadWhileItIsStillBeingSentGetsThatAnswer(bool closes)
    {
        await using var receiver = new EarlyAnswerServer(400, closes);
        await using var destination = Open(SomeSettings.For($"{Scheme}://127.0.0.1:{receiver.Port}/in"));

        var outcome = await destination.SendAsync(LargeBatch(), Soon);

        Assert.IsNotType<DeliveryOutcome.Transient>(outcome);
        Assert.IsNotType<DeliveryOutcome.Delivered>(outcome);
        Assert.Contains("400", outcome.ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatIsAcceptedBeforeItWasSentWholeIsNotDelivered(bool closes)
    {
        await using var receiver = new EarlyAnswerServer(200, closes);
        await using var destination = Open(SomeSettings.For($"{Scheme}://127.0.0.1:{receiver.Port}/in"));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(LargeBatch(), Soon));

        Assert.Equal(ErrorCategory.Connection, outcome.Category);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(422)]
    public async Task WhatTheReceiverCallsBadIsNotTriedAgainAsItIs(int status)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(status, "bad"));

        var outcome = await SendAsync(receiver);

        Assert.True(outcome is DeliveryOutcome.Rejected or DeliveryOutcome.Misconfigured or DeliveryOutcome.Partial { Refused.Count: > 0 }, outcome.ToString());
    }

    [Fact]
    public async Task CancellingEndsAWaitForTheAnswerAtOnce()
    {
        await using var receiver = HttpReceiver.Start(Accepted with { Conduct = HttpReplyConduct.Silence });
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => destination.SendAsync(Batch(), cancel.Token));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(500)]
    public async Task ASecretThatTheReceiverEchoesIsNeverShown(int status)
    {
        await using var receiver = HttpReceiver.Start(request => new HttpReply(status, $"You said: {request.Head} {Uri.EscapeDataString(SecretText)}"));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var outcome = (await destination.SendAsync(Batch(), Soon)).ToString();
        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.Contains("You said", outcome);
        foreach (var text in new[] { outcome, string.Join(' ', report.Stages), ToText(report.Sent), ToText(report.Received) })
        {
            Assert.DoesNotContain(SecretText, text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("user:" + SecretText)), text);
        }
    }

    [Fact]
    public async Task RequestsShareOneConnection()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        await destination.SendAsync(Batch(), Soon);
        await destination.SendAsync(Batch(), Soon);

        Assert.Equal(1, receiver.Requests[^1].Connection);
    }

    protected static string ToText(ReadOnlyMemory<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes.Span);

    protected virtual string UrlOf(HttpReceiver receiver) => $"{Scheme}://127.0.0.1:{receiver.Port}/in";

    private async Task<DeliveryOutcome> SendAsync(HttpReceiver receiver)
    {
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));
        return await destination.SendAsync(Batch(), Soon);
    }
}
