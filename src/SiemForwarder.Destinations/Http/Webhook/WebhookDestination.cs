using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Webhook;

/// <summary>Any receiver that accepts events by HTTP POST: one by one, as a JSON array, or as lines.</summary>
internal sealed class WebhookDestination : HttpIntake
{
    private readonly TimeProvider time;
    private readonly WebhookSignature? signature;

    private WebhookDestination(DestinationSettings settings, TimeProvider time, WebhookSettings own)
        : base(settings, time, ProfileOf(settings, own))
    {
        this.time = time;
        signature = own.SigningSecrets.Count == 0 ? null : new WebhookSignature(own.SigningSecrets);
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
        Open = static (settings, time) =>
            new WebhookDestination(settings, time, WebhookSettings.Read(new SettingReader(settings.Settings))),
    };

    private bool SendsOneByOne => Settings.Http.Body == HttpBody.Single;

    protected override bool HasCredentials => Settings.Authentication.Type != AuthenticationType.None || Settings.Tls.ClientCertificate is not null;

    public override Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken) =>
        SendsOneByOne && batch.Count > 1 ? SendOneByOneAsync(batch, cancellationToken) : base.SendAsync(batch, cancellationToken);

    public override async Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var one = SendsOneByOne ? 1 : Math.Max(batch.Count, 1);
        List<WireUnit> units = [];
        string? note = signature is null ? null : "The signature is masked; it and its timestamp differ with each request.";
        for (var first = 0; first < batch.Count; first += one)
        {
            var (unit, fault) = await RenderUnitAsync(batch.Slice(first, one), cancellationToken);
            units.Add(unit);
            note = fault?.What ?? note;
        }

        return new WireImage(units, note);
    }

    protected override IReadOnlyList<KeyValuePair<string, string>> HeadersOf(DeliveryBatch batch, ReadOnlySpan<byte> body) =>
        signature?.Sign(WebhookSignature.IdOf(batch), time.GetUtcNow(), body) ?? [];

    // Whatever a custom receiver sends along with 2xx, even a web page, it accepted the events.
    protected override IntakeVerdict Judge(HttpAnswer answer, DeliveryBatch batch) => new(answer.ToOutcome(Settings.IntegrationName), answer.ToFault());

    protected override void WriteBody(DeliveryBatch batch, PooledBuffer body)
    {
        switch (Settings.Http.Body)
        {
            case HttpBody.Single:
                body.Append(batch.Bytes.Span);
                break;
            case HttpBody.Array:
                WriteArray(batch, body);
                break;
            default:
                RequestBody.WriteLines(batch, body);
                break;
        }
    }

    private void WriteArray(DeliveryBatch batch, PooledBuffer body)
    {
        var isJson = EventValue.IsJson(Settings.Http);
        body.Append((byte)'[');
        for (var index = 0; index < batch.Count; index++)
        {
            if (index > 0)
            {
                body.Append((byte)',');
            }

            if (isJson)
            {
                body.Append(batch[index].Span);
            }
            else
            {
                // Text in an array must be a JSON string, or the body would not be JSON.
                body.Append("\""u8);
                body.Append(JsonEncodedText.Encode(batch[index].Span).EncodedUtf8Bytes);
                body.Append("\""u8);
            }
        }

        body.Append((byte)']');
    }

    private async Task<DeliveryOutcome> SendOneByOneAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        List<RejectedEvent>? refused = null;
        DeliveryOutcome outcome = new DeliveryOutcome.Delivered("nothing to send");
        for (var index = 0; index < batch.Count; index++)
        {
            outcome = await base.SendAsync(batch.Slice(index, 1), cancellationToken);
            if (outcome is DeliveryOutcome.Rejected rejected)
            {
                (refused ??= []).Add(new RejectedEvent(index, rejected.Reason, rejected.Answer));
            }
            else if (outcome is not DeliveryOutcome.Delivered)
            {
                // Nothing was accepted yet: the outcome itself says more than a list.
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

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, WebhookSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(own.Faults, null, settings.Authentication),
        Secrets = own.SigningSecrets,
        // Many receivers and proxies reject bodies of 1 MiB or more.
        Limits = settings.Http.Body == HttpBody.Single ? new BatchLimits(100, 900_000) : new BatchLimits(1000, 900_000),
        PathAndQuery = settings.ServerUrl.PathAndQuery,
        ContentType = settings.Http.Body switch
        {
            HttpBody.Array => "application/json",
            HttpBody.Ndjson when EventValue.IsJson(settings.Http) => "application/x-ndjson",
            _ => EventValue.IsJson(settings.Http) ? "application/json" : "text/plain; charset=utf-8",
        },
    };
}

/// <summary>Settings specific to webhooks.</summary>
internal sealed record WebhookSettings(IReadOnlyList<Secret> SigningSecrets, IReadOnlyList<SettingFault> Faults)
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.signingSecret", DestinationFieldType.Text,
            "Signs every request according to Standard Webhooks: whsec_ and the Base64 of a shared key (v1), or whsk_ and that of an Ed25519 pair (v1a); "
                + "during a key change, two separated by a space.") { Secret = true },
    ];

    public static WebhookSettings Read(SettingReader reader)
    {
        var texts = reader.Text("signingSecret")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (!texts.All(WebhookSignature.IsSigningSecret))
        {
            reader.Fault("signingSecret", "Must be whsec_ and the Base64 of 24 to 64 random bytes, or whsk_ and the Base64 of an Ed25519 private key.");
        }

        return new WebhookSettings([.. texts.Where(WebhookSignature.IsSigningSecret).Select(text => new Secret(text))], reader.Faults);
    }
}
