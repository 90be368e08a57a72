using System.Net.Security;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Http.Webhook;

/// <summary>Any receiver that takes events by HTTP POST: one by one, as a JSON array, or as lines.</summary>
internal sealed class WebhookDestination : IDestination
{
    private readonly DestinationSettings settings;
    private readonly TimeProvider timeProvider;
    private readonly Connector connector;
    private readonly HttpEndpoint endpoint;
    private readonly RequestBody body;
    private readonly WebhookSignature? signature;
    private readonly HttpIntakeProfile profile;

    public WebhookDestination(DestinationSettings settings, TimeProvider timeProvider)
    {
        this.settings = settings;
        this.timeProvider = timeProvider;
        connector = new Connector(settings.Connection, settings.ServerUrl.Scheme == Uri.UriSchemeHttps, SslApplicationProtocol.Http11, timeProvider);
        // Many receivers and proxies refuse bodies from 1 MiB on.
        Limits = settings.Http.Body == HttpBody.Single ? new BatchLimits(100, 900_000) : new BatchLimits(1000, 900_000);
        var own = WebhookSettings.Read(new SettingReader(settings.Settings));
        signature = own.SigningSecrets.Count == 0 ? null : new WebhookSignature(own.SigningSecrets);
        profile = new HttpIntakeProfile
        {
            Credentials = HttpIntakeProfile.CredentialsOf(own.Faults, null, settings.Authentication),
            Secrets = own.SigningSecrets,
            Limits = Limits,
            PathAndQuery = settings.ServerUrl.PathAndQuery,
        };
        endpoint = new HttpEndpoint(settings, connector.OpenStreamAsync, timeProvider, profile);
        body = new RequestBody(settings.Http);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "webhook",
        Name = "Webhook (HTTP)",
        Description = "Posts events to any HTTP receiver, one by one, as a JSON array or as lines.",
        DefaultPorts = new Dictionary<string, int> { ["http"] = 80, ["https"] = 443 },
        Acceptance = Acceptance.Acknowledged,
        CheckSettings = static settings => WebhookSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#webhook",
        Fields =
        [
            DestinationField.ServerUrl("http://host/path or https://host/path."),
            DestinationField.Port,
            DestinationField.OfHttpBody(HttpBody.Single),
            .. WebhookSettings.Fields,
            .. DestinationField.OfHttp,
            .. DestinationField.OfAuthentication,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, timeProvider) => new WebhookDestination(settings, timeProvider),
    };

    public BatchLimits Limits { get; }

    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken) =>
        settings.Http.Body == HttpBody.Single && batch.Count > 1
            ? await SendOneByOneAsync(batch, cancellationToken)
            : await PostAsync(batch, cancellationToken);

    public async Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var one = settings.Http.Body == HttpBody.Single ? 1 : Math.Max(batch.Count, 1);
        List<WireUnit> units = [];
        string? note = signature is null ? null : "The signature is masked; it and its time differ from request to request.";
        for (var first = 0; first < batch.Count; first += one)
        {
            var exchange = body.Request(batch.Slice(first, one), settings, signature, timeProvider);
            var (unit, fault) = await RenderedRequest.OfAsync(settings, profile, timeProvider, exchange, body.Plain, cancellationToken);
            units.Add(unit);
            note = fault?.What ?? note;
        }

        return new WireImage(units, note);
    }

    public Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken) =>
        WebhookTest.RunAsync(connector, settings, profile, signature, timeProvider, batch, cancellationToken);

    public ValueTask DisposeAsync()
    {
        endpoint.Dispose();
        connector.Dispose();
        body.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<DeliveryOutcome> PostAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var posted = await endpoint.SendAsync(body.Request(batch, settings, signature, timeProvider), cancellationToken);
        return posted.TryGet(out var answer, out var fault)
            ? answer.ToOutcome(settings.IntegrationName)
            : fault.ToOutcome(settings.IntegrationName);
    }

    private async Task<DeliveryOutcome> SendOneByOneAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        List<RejectedEvent>? refused = null;
        DeliveryOutcome outcome = new DeliveryOutcome.Delivered("nothing to send");
        for (var index = 0; index < batch.Count; index++)
        {
            outcome = await PostAsync(batch.Slice(index, 1), cancellationToken);
            if (outcome is DeliveryOutcome.Rejected rejected)
            {
                (refused ??= []).Add(new RejectedEvent(index, rejected.Reason, rejected.Answer));
            }
            else if (outcome is not DeliveryOutcome.Delivered)
            {
                // Nothing was taken yet: the outcome itself says more than a list.
                return index == 0 ? outcome : Rest(batch.Count, index, refused, outcome);
            }
        }

        return refused switch
        {
            null => outcome,
            _ => new DeliveryOutcome.Partial(refused, [], $"{batch.Count - refused.Count} of {batch.Count} accepted"),
        };
    }

    private static DeliveryOutcome.Partial Rest(int count, int from, List<RejectedEvent>? refused, DeliveryOutcome outcome)
    {
        var (reason, retryAfter) = outcome switch
        {
            DeliveryOutcome.Transient transient => (transient.Reason, transient.RetryAfter),
            DeliveryOutcome.Misconfigured misconfigured => (misconfigured.Reason, null),
            _ => ("", null),
        };
        return new DeliveryOutcome.Partial(refused ?? [], [.. Enumerable.Range(from, count - from)], reason, retryAfter);
    }
}
