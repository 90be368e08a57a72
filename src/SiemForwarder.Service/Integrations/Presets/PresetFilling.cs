using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Integrations.Presets;

/// <summary>Fills in omitted settings of a request from the preset it names; given settings take precedence.</summary>
internal static class PresetFilling
{
    private static readonly JsonSerializerOptions WithoutNulls = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The request with the preset's fields; unchanged if it names no preset.</summary>
    public static IntegrationRequest Fill(IntegrationRequest request, FieldErrors errors)
    {
        if (request.Preset is null)
        {
            return request;
        }

        if (PresetCatalog.Find(request.Preset) is not { } preset)
        {
            errors.Add("preset", $"'{Shown(request.Preset)}' is not a known value; use one of: {string.Join(", ", PresetCatalog.All.Select(one => one.Id))}.");
            return request;
        }

        var url = Url(request, preset);
        return request with
        {
            Preset = preset.Id,
            Destination = request.Destination ?? preset.Destination,
            ServerUrl = url,
            Port = request.Port ?? (NamesPort(url) || !IsOf(url, preset.Protocol) ? null : preset.Port),
            OutputType = request.OutputType ?? preset.OutputType,
            Schema = request.Schema ?? preset.Schema,
            Syslog = Fill(request.Syslog, preset.Syslog),
            Http = Fill(request.Http, preset.Http),
            Batch = Fill(request.Batch, preset.Batch),
            Authentication = Fill(request.Authentication, preset),
            Settings = Fill(request.Settings, preset),
        };
    }

    private static string? Url(IntegrationRequest request, DestinationPreset preset)
    {
        var given = request.ServerUrl?.Trim();
        return string.IsNullOrEmpty(given) ? preset.ServerUrl
            : given.Contains("://", StringComparison.Ordinal) ? given
            : $"{request.Protocol ?? preset.Protocol}://{given}";
    }

    // Uri fills in the default ports of http and https, so the text is examined.
    private static bool NamesPort(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && url!.Contains($":{parsed.Port}", StringComparison.Ordinal);

    private static bool IsOf(string? url, string protocol) => url?.StartsWith($"{protocol}://", StringComparison.OrdinalIgnoreCase) == true;

    // The preset's value applies to each member of a settings group that the request omits.
    private static T? Fill<T>(T? given, T? preset)
        where T : class => given is null || preset is null
        ? given ?? preset
        : MergePatch.Merge<T>(preset, JsonSerializer.SerializeToNode(given, WithoutNulls)!.AsObject(), WithoutNulls);

    // The member that holds the credential implies the type.
    private static AuthenticationRequest? Fill(AuthenticationRequest? given, DestinationPreset preset)
    {
        if (given is null)
        {
            return null;
        }

        var bare = given.Header is { Length: > 0 } value && !value.Contains(':', StringComparison.Ordinal);
        var header = bare && preset.HeaderName is { } name ? $"{name}: {given.Header}" : given.Header;
        var type = given.Type ?? (given switch
        {
            { Token.Length: > 0 } => "bearer",
            { Header.Length: > 0 } => "header",
            { Username.Length: > 0 } or { Password.Length: > 0 } => "basic",
            _ => null,
        });
        return given with { Header = header, Type = type };
    }

    private static JsonElement? Fill(JsonElement? given, DestinationPreset preset)
    {
        var settings = preset.ReadSettings();
        if (given is { ValueKind: JsonValueKind.Object } json)
        {
            foreach (var member in json.EnumerateObject())
            {
                settings[member.Name] = JsonNode.Parse(member.Value.GetRawText());
            }
        }
        else if (given is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) })
        {
            return given;
        }

        return settings.Count == 0 ? given : JsonSerializer.SerializeToElement(settings);
    }

    private static string Shown(string text) => text.Length > 40 ? text[..40] + "…" : text;
}
