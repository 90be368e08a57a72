namespace SiemForwarder.Destinations;

/// <summary>The type of a field's value.</summary>
public enum DestinationFieldType
{
    Text,

    /// <summary>Multi-line text, such as PEM.</summary>
    MultilineText,
    Url,
    Number,
    Flag,

    /// <summary>One of <see cref="DestinationField.Choices"/>.</summary>
    Choice,
}

/// <summary>A setting of a destination, described so that a console or a script can prompt for it.</summary>
/// <param name="Name">Name in the API, with dots between the parts: <c>tls.caCertificate</c>.</param>
/// <param name="Type">Type of its value.</param>
/// <param name="Description">One sentence for people.</param>
public sealed record DestinationField(string Name, DestinationFieldType Type, string Description)
{
    /// <summary>Whether an integration requires it.</summary>
    public bool Required { get; init; }

    /// <summary>Value used if none is given; null if there is none or it depends on other settings.</summary>
    public string? Default { get; init; }

    /// <summary>Write-only: never returned.</summary>
    public bool Secret { get; init; }

    /// <summary>Whether it determines where, or in whose name, secrets are sent: changing it requires entering them again.</summary>
    public bool LeadsSecrets { get; init; } = Type == DestinationFieldType.Url;

    /// <summary>The values of a choice, as used in the API.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    internal static DestinationField Port { get; } = new(
        "port", DestinationFieldType.Number, "Port of the receiver, if it is not in the server URL and not the default port.");

    internal static DestinationField[] OfHttp { get; } =
    [
        new("http.gzip", DestinationFieldType.Flag, "Compress request bodies.") { Default = "false" },
        new("http.timeoutSeconds", DestinationFieldType.Number, "Maximum duration of a request.") { Default = "30" },
        new("http.proxy", DestinationFieldType.Url,
            "HTTP proxy for requests, such as http://proxy.example.com:3128; proxies from the environment are never used."),
    ];

    /// <summary>The same for destinations that always accept compressed bodies.</summary>
    internal static DestinationField[] OfGzippedHttp { get; } =
    [
        OfHttp[0] with { Default = "true" },
        .. OfHttp[1..],
    ];

    internal static DestinationField[] OfAuthentication { get; } =
    [
        new("authentication.type", DestinationFieldType.Choice, "How the forwarder authenticates.") { Default = "none",
            Choices = ["none", "basic", "header", "bearer"] },
        new("authentication.username", DestinationFieldType.Text, "User name for basic."),
        new("authentication.password", DestinationFieldType.Text, "Password for basic.") { Secret = true },
        new("authentication.header", DestinationFieldType.Text, "The complete header line for header, 'Name: value'.") { Secret = true },
        new("authentication.token", DestinationFieldType.Text, "Token for bearer.") { Secret = true },
    ];

    /// <summary>For protocols that support only a user name and password.</summary>
    internal static DestinationField[] OfPlainAuthentication { get; } =
    [
        OfAuthentication[0] with
        {
            Choices = ["none", "basic"], Description = "How the forwarder authenticates; none uses only the client certificate.",
        },
        OfAuthentication[1],
        OfAuthentication[2],
    ];

    internal static DestinationField[] OfTls { get; } =
    [
        new("tls.caCertificate", DestinationFieldType.MultilineText, "PEM of the authorities to trust instead of the system's."),
        new("tls.clientCertificate", DestinationFieldType.MultilineText, "PEM of the client certificate, followed by its chain."),
        new("tls.clientKey", DestinationFieldType.MultilineText, "PEM of the client certificate's private key, unencrypted.") { Secret = true },
        new("tls.serverName", DestinationFieldType.Text, "Name to request and to verify in the certificate, if it is not the host of the URL."),
        new("tls.fingerprint", DestinationFieldType.Text,
            "Fingerprint by which to trust the receiver's certificate instead of by its authority and name, SHA-256:AB:CD:…; separate several with "
                + "commas during a renewal."),
    ];

    internal static DestinationField ServerUrl(string description) => new("serverUrl", DestinationFieldType.Url, description) { Required = true };

    internal static DestinationField OfHttpBody(HttpBody usual) => new(
        "http.body", DestinationFieldType.Choice, "How events are combined into a request body.")
    {
        Default = usual.ToString().ToLowerInvariant(),
        Choices = ["single", "array", "ndjson"],
    };
}
