using System.Net;
using System.Text.Json.Nodes;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>What the API answered, whatever it was.</summary>
/// <param name="Status">Status code.</param>
/// <param name="ETag">Entity tag as in the header; null where there is none.</param>
/// <param name="Text">The body.</param>
internal sealed record ApiAnswer(HttpStatusCode Status, string? ETag, string Text)
{
    public JsonNode Json => JsonNode.Parse(Text) ?? throw new InvalidOperationException("The API answered null.");

    /// <summary>The fields that a problem document names.</summary>
    public IReadOnlyList<string> Fields => [.. Json["errors"]?.AsObject().Select(pair => pair.Key) ?? []];

    /// <summary>What it says about a field.</summary>
    public string ErrorOf(string field) => string.Join(' ', Json["errors"]![field]!.AsArray().Select(one => one!.GetValue<string>()));
}
