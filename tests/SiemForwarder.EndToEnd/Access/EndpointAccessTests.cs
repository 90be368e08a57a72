using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Access;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>Every endpoint says who may call it, docs/access.md shows the same, and so it is. UPDATE_GOLDEN=1 writes the table anew.</summary>
public sealed partial class EndpointAccessTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Begin = "<!-- roles x endpoints: begin -->\n";
    private const string End = "<!-- roles x endpoints: end -->";

    [Fact]
    public async Task EveryEndpointNamesAPermissionOrWhyItIsOpen()
    {
        var endpoints = Endpoints(await running.GetAsync());

        Assert.True(endpoints.Count > 50, $"{endpoints.Count} endpoints");
        Assert.All(endpoints, endpoint =>
        {
            var (needed, open) = (endpoint.Metadata.GetMetadata<NeededPermission>(), endpoint.Metadata.GetMetadata<OpenToAll>());
            Assert.True(needed is null != open is null, endpoint.DisplayName);
            Assert.Equal(open is not null, endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null);
            Assert.Equal(needed?.Permission.ToString(), endpoint.Metadata.GetMetadata<IAuthorizeData>()?.Policy);
        });
    }

    [Fact]
    public async Task TheTableInTheDocumentationIsThatOfTheEndpoints()
    {
        var path = Path.Combine(RepositoryFiles.Root, "docs", "access.md");
        var text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var (from, to) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        var table = Table(Endpoints(await running.GetAsync()));
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            text = text[..from] + table + text[to..];
            await File.WriteAllTextAsync(path, text, new UTF8Encoding(false), TestContext.Current.CancellationToken);
            to = text.IndexOf(End, StringComparison.Ordinal);
        }

        Assert.Equal(table, text[from..to]);
    }

    [Theory]
    [InlineData("siem-admin")]
    [InlineData("siem-operator")]
    [InlineData("siem-viewer")]
    [InlineData("siem-investigator")]
    [InlineData("siem-auditor")]
    [InlineData("siem-ingest")]
    [InlineData(null)]
    public async Task EveryRoleReachesWhatTheTableSaysAndNothingElse(string? role)
    {
        var forwarder = await running.GetAsync();
        var source = role != Roles.Ingest ? (int?)null
            : (await forwarder.PostAsync("/api/v1/sources", new { name = "inbox", kind = "http", inbox = new { key = "a-key-of-16-and-more" } }))["id"]!.GetValue<int>();
        var key = role is null ? null : (string)(await Caller.NewKeyAsync(forwarder, role, source))["key"]!;
        using var caller = new Caller(forwarder.Address);
        var wrong = new List<string>();

        foreach (var endpoint in Endpoints(forwarder).Where(endpoint => endpoint.Metadata.GetMetadata<NeededPermission>() is not null))
        {
            var needed = endpoint.Metadata.GetMetadata<NeededPermission>()!.Permission;
            var method = Method(endpoint);
            using var answer = await caller.SendAsync(
                key, new HttpMethod(method), Parameter().Replace(endpoint.RoutePattern.RawText!, "987654"), method == "GET" ? null : "{}");
            var expected = role is null ? 401 : Roles.May([role], needed) ? 0 : 403;
            var actual = (int)answer.StatusCode is var status && status is 401 or 403 ? status : 0;
            if (expected != actual)
            {
                wrong.Add($"{method} {endpoint.RoutePattern.RawText}: {(int)answer.StatusCode} instead of {expected}");
            }
        }

        Assert.Empty(wrong);
    }

    private static List<RouteEndpoint> Endpoints(ForwarderApplication forwarder) =>
    [
        .. forwarder.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Distinct()
            .OrderBy(endpoint => endpoint.RoutePattern.RawText, StringComparer.Ordinal).ThenBy(Method, StringComparer.Ordinal),
    ];

    private static string Method(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0] ?? "*";

    private static string Table(IEnumerable<RouteEndpoint> endpoints)
    {
        var table = new StringBuilder();
        table.Append("| endpoint | permission |").AppendJoin(string.Empty, Roles.All.Select(role => $" {role["siem-".Length..]} |")).Append('\n');
        table.Append("| --- | --- |").AppendJoin(string.Empty, Roles.All.Select(_ => " --- |")).Append('\n');
        foreach (var endpoint in endpoints)
        {
            var needed = endpoint.Metadata.GetMetadata<NeededPermission>();
            var path = Constraint().Replace(endpoint.RoutePattern.RawText!, "{${name}}");
            path = path.Length > 1 ? path.TrimEnd('/') : path;
            table.Append(System.Globalization.CultureInfo.InvariantCulture, $"| `{Method(endpoint)} {path}` | {needed?.Permission.ToString() ?? "open to all"} |")
                .AppendJoin(string.Empty, Roles.All.Select(role => needed is null || Roles.May([role], needed.Permission) ? " x |" : " |")).Append('\n');
        }

        return table.ToString();
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\{\**(?<name>\w+)[^}]*\}")]
    private static partial Regex Constraint();
}
