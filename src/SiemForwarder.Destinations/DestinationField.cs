namespace SiemForwarder.Destinations;

/// <summary>The sort of value that a field takes.</summary>
public enum DestinationFieldType
{
    Text,

    /// <summary>Text over several lines, such as PEM.</summary>
    MultilineText,
    Url,
    Number,
    Flag,

    /// <summary>One of <see cref="DestinationField.Choices"/>.</summary>
    Choice,
}

/// <summary>One setting of a destination, so that a console or a script can ask for it.</summary>
/// <param name="Name">Name in the API, with dots between the parts: <c>tls.caCertificate</c>.</param>
/// <param name="Type">Sort of value.</param>
/// <param name="Description">One sentence for people.</param>
public sealed record DestinationField(string Name, DestinationFieldType Type, string Description)
{
    /// <summary>Whether an integration cannot be without it.</summary>
    public bool Required { get; init; }

    /// <summary>Value in force where none is given; null where there is none or it depends on others.</summary>
    public string? Default { get; init; }

    /// <summary>Write-only: never shown again.</summary>
    public bool Secret { get; init; }

    /// <summary>Whether it says where, or in whose name, secrets are sent: a change of it asks for them again.</summary>
    public bool LeadsSecrets { get; init; } = Type == DestinationFieldType.Url;

    /// <summary>What a choice offers, by the words of the API.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    internal static DestinationField Port { get; } = new(
        "port", DestinationFieldType.Number, "Port of the receiver, where the server URL names none and it is not the usual one.");

    internal static DestinationField[] OfHttp { get; } =
    [
        new("http.gzip", DestinationFieldType.Flag, "Compress request bodies.") { Default = "false" },
        new("http.timeoutSeconds", DestinationFieldType.Number, "Longest time that one request may take.") { Default = "30" },
        new("http.proxy", DestinationFieldType.Url,
            "HTTP proxy that requests go through, such as http://proxy.example.com:3128; those of the environment are never used."),
    ];

    /// <summary>The same for destinations that take compressed bodies everywhere.</summary>
    internal static DestinationField[] OfGzippedHttp { get; } =
    [
        OfHttp[0] with { Default = "true" },
        .. OfHttp[1..],
    ];

    internal static DestinationField[] OfAuthentication { get; } =
    [
        new("authentication.type", DestinationFieldType.Choice, "How the forwarder proves who it is.") { Default = "none",
            Choices = ["none", "basic", "header", "bearer"] },
        new("authentication.username", DestinationFieldType.Text, "User name for basic."),
        new("authentication.password", DestinationFieldType.Text, "Password for basic.") { Secret = true },
        new("authentication.header", DestinationFieldType.Text, "The full header line for header, 'Name: value'.") { Secret = true },
        new("authentication.token", DestinationFieldType.Text, "Token for bearer.") { Secret = true },
    ];

    /// <summary>For protocols that know a name and a password and nothing else.</summary>
    internal static DestinationField[] OfPlainAuthentication { get; } =
    [
        OfAuthentication[0] with
        {
            Choices = ["none", "basic"], Description = "How the forwarder proves who it is: none is the client certificate alone.",
        },
        OfAuthentication[1],
        OfAuthentication[2],
    ];

    internal static DestinationField[] OfTls { get; } =
    [
        new("tls.caCertificate", DestinationFieldType.MultilineText, "PEM of the authorities to trust instead of the system's."),
        new("tls.clientCertificate", DestinationFieldType.MultilineText, "PEM of the client certificate, its chain behind it."),
        new("tls.clientKey", DestinationFieldType.MultilineText, "PEM of the client certificate's private key, not encrypted.") { Secret = true },
        new("tls.serverName", DestinationFieldType.Text, "Name to ask for and to check in the certificate, where it is not the host of the URL."),
        new("tls.fingerprint", DestinationFieldType.Text,
            "Fingerprint of the receiver's certificate, SHA-256:AB:CD:…, to trust it by instead of by its authority and name; several with a comma "
                + "between while it is renewed."),
    ];

    internal static DestinationField ServerUrl(string description) => new("serverUrl", DestinationFieldType.Url, description) { Required = true };

    internal static DestinationField OfHttpBody(HttpBody usual) => new(
        "http.body", DestinationFieldType.Choice, "How events become the body of a request.")
    {
        Default = usual.ToString().ToLowerInvariant(),
        Choices = ["single", "array", "ndjson"],
    };
}
