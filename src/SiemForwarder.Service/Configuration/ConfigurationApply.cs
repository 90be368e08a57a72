using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Configuration.Files;

namespace SiemForwarder.Service.Configuration;

/// <summary>The outcome of one change.</summary>
/// <param name="Change">The change.</param>
/// <param name="Result"><c>done</c>, <c>waits</c> for a second administrator, or <c>refused</c>.</param>
/// <param name="Sentence">Why it was refused, or what it waits for; empty if done.</param>
internal sealed record AppliedChange(PlannedChange Change, string Result, string Sentence)
{
    public const string Done = "done";
    public const string Waits = "waits";
    public const string Refused = "refused";
}

/// <summary>Everything was refused: the caller lacks permission, or the service cannot respond.</summary>
/// <param name="Status">Status code of the response.</param>
/// <param name="message">What the response said.</param>
internal sealed class ApiRefusedException(HttpStatusCode Status, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = Status;
}

/// <summary>Brings a service in line with a configuration file using only the API, so that its roles, rules and records apply.</summary>
/// <param name="api">Calls the API as the caller who applies the file.</param>
internal sealed class ConfigurationApply(HttpClient api)
{
    private const int PageSize = 200;

    /// <summary>What would change, and every fault in the file or found by the service, with its location.</summary>
    /// <exception cref="HttpRequestException">The service does not answer.</exception>
    /// <exception cref="ApiRefusedException">The caller may not read settings.</exception>
    public async Task<(ConfigurationPlan Plan, IReadOnlyList<FileFault> Faults)> PlanAsync(
        DeclaredConfiguration declared, bool prune, CancellationToken cancellationToken)
    {
        var request = (JsonObject)declared.Request.DeepClone();
        if (prune)
        {
            request["prune"] = true;
        }

        using var answer = await api.PostAsJsonAsync("api/v1/configuration/plan", request, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new ApiRefusedException(answer.StatusCode, await ApiProblem.ReadAsync(answer, cancellationToken));
        }

        var plan = (await answer.Content.ReadFromJsonAsync<ConfigurationPlan>(JsonSerializerOptions.Web, cancellationToken))!;
        // Unreadable values are already reported; the service reporting them as missing adds nothing.
        var known = declared.Faults.SelectMany(fault => new[] { (fault.Resource, fault.Field), (fault.Resource, RuleTexts.TextOf(fault.Field) ?? fault.Field) })
            .ToHashSet();
        var found = plan.Faults.Select(fault => declared.Locate(fault.Kind, fault.Index, fault.Field, fault.Sentence))
            .Where(fault => !known.Contains((fault.Resource, fault.Field)));
        return (plan, [.. declared.Faults.Concat(found).OrderBy(fault => fault.Place.File, StringComparer.Ordinal).ThenBy(fault => fault.Place.Line)]);
    }

    /// <summary>Makes the changes of a plan and reports each as it is made; a refused change does not hold back the others.</summary>
    /// <exception cref="HttpRequestException">The service no longer answers.</exception>
    public async IAsyncEnumerable<AppliedChange> RunAsync(
        DeclaredConfiguration declared, ConfigurationPlan plan, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Dictionary<string, int>? sources = null;
        foreach (var change in plan.Changes.Where(change => change.Action is not (PlannedChange.None or PlannedChange.Wait)))
        {
            if (change.Kind == PlannedChange.Integration && change.Index is not null)
            {
                sources ??= await ReadSourcesAsync(cancellationToken);
            }

            var body = change.Index is { } index ? BodyOf(declared.Find(change.Kind, index)!, change, sources)
                // Rules that come with the forwarder are not deleted.
                : change.Action == PlannedChange.Update ? new JsonObject { ["enabled"] = false }
                : null;
            using var request = new HttpRequestMessage(MethodOf(change), PathOf(change, plan.Name))
            {
                Content = body is null ? null : JsonContent.Create(body),
            };
            if (change.Version is not null || request.Method == HttpMethod.Put)
            {
                // A new list has no version yet.
                request.Headers.TryAddWithoutValidation(
                    "If-Match", change.Version is { } version ? string.Create(CultureInfo.InvariantCulture, $"\"{version}\"") : "*");
            }

            using var answer = await api.SendAsync(request, cancellationToken);
            yield return answer.StatusCode == HttpStatusCode.Accepted
                ? new AppliedChange(change, AppliedChange.Waits, "Another administrator must approve it.")
                : answer.IsSuccessStatusCode ? new AppliedChange(change, AppliedChange.Done, "")
                : new AppliedChange(change, AppliedChange.Refused, await ApiProblem.ReadAsync(answer, cancellationToken));
        }
    }

    private static JsonObject BodyOf(JsonObject declared, PlannedChange change, Dictionary<string, int>? sources)
    {
        var body = (JsonObject)declared.DeepClone();
        if (change.Kind == PlannedChange.Integration)
        {
            if (body["sources"] is JsonArray names)
            {
                // A source that could not be created has no id; the service reports which one is missing.
                body["sources"] = new JsonArray([.. names.Select(name => (JsonNode)sources!.GetValueOrDefault(name?.ToString() ?? "", 0))]);
            }

            if (change.Action != PlannedChange.Create)
            {
                body.Remove("start");
            }
        }

        if (change.Kind is PlannedChange.RuleList or PlannedChange.Role)
        {
            // Its path names it.
            body.Remove("name");
        }

        return body;
    }

    private static HttpMethod MethodOf(PlannedChange change) => (change.Action, change.Kind) switch
    {
        (PlannedChange.Delete, _) => HttpMethod.Delete,
        (PlannedChange.Create, not PlannedChange.RuleList) => HttpMethod.Post,
        _ => HttpMethod.Put,
    };

    private static string PathOf(PlannedChange change, string name)
    {
        var list = change.Kind switch
        {
            PlannedChange.Pool => "engine-pools", PlannedChange.Source => "sources", PlannedChange.RuleList => "rule-lists", PlannedChange.Rule => "rules",
            PlannedChange.Role => "roles",
            _ => "integrations",
        };
        var id = change.Id?.ToString(CultureInfo.InvariantCulture) ?? Uri.EscapeDataString(change.Name);
        // What the file no longer declares is no longer managed by it.
        var manager = change.Index is null ? "" : Uri.EscapeDataString(name);
        return (MethodOf(change) == HttpMethod.Post ? $"api/v1/{list}" : $"api/v1/{list}/{id}")
            + (change.Action == PlannedChange.Delete ? "" : $"?{Provenance.Parameter}={manager}");
    }

    private async Task<Dictionary<string, int>> ReadSourcesAsync(CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, int>();
        for (var page = 1; ; page++)
        {
            var list = (await api.GetFromJsonAsync<JsonObject>($"api/v1/sources?page={page}&pageSize={PageSize}", cancellationToken))!;
            foreach (var source in list["items"]!.AsArray())
            {
                found[source!["name"]!.GetValue<string>()] = source["id"]!.GetValue<int>();
            }

            if (page * PageSize >= list["total"]!.GetValue<int>())
            {
                return found;
            }
        }
    }
}

/// <summary>Formats API error responses as a sentence.</summary>
internal static class ApiProblem
{
    /// <summary>What an error response says: its detail, and each field with its errors.</summary>
    public static async Task<string> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            var problem = JsonNode.Parse(text) as JsonObject;
            var fields = problem?["errors"]?.AsObject()
                .Select(field => $"{field.Key}: {string.Join(' ', field.Value!.AsArray().Select(one => one!.ToString()))}") ?? [];
            string[] parts = [.. new[] { problem?["detail"]?.ToString() ?? problem?["title"]?.ToString() }.OfType<string>(), .. fields];
            return parts.Length > 0 ? string.Join(' ', parts) : $"The service answered {(int)answer.StatusCode}.";
        }
        catch (JsonException)
        {
            return $"The service answered {(int)answer.StatusCode} {answer.ReasonPhrase}.";
        }
    }
}
