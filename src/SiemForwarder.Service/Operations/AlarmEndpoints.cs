using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Operations;

/// <summary>Something that is or was wrong.</summary>
/// <param name="Kind">Sort of trouble, the type of the event that was raised: <c>INTEGRATION_FAILING</c>, <c>SOURCE_UNREACHABLE</c> …</param>
/// <param name="Subject">What it is about: <c>integration:3</c>, <c>source:1</c>, <c>pool:dmz</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="Since">Since when.</param>
/// <param name="RaisedAt">When it was noticed.</param>
/// <param name="ClearedAt">When it ended; null while it stands.</param>
public sealed record AlarmResponse(
    string Kind, string Subject, string Name, string Message, DateTimeOffset Since, DateTimeOffset RaisedAt, DateTimeOffset? ClearedAt);

/// <summary>The resource <c>alarms</c>.</summary>
internal static class AlarmEndpoints
{
    private const int MaxAlarms = 1000;

    public static void MapAlarms(this IEndpointRouteBuilder routes) => routes
        .MapGet("/api/v1/alarms", List).WithTags("Status").WithName("ListAlarms").Needs(Permission.ReadStates)
        .WithSummary("Lists what is wrong now: failing integrations, unreachable sources, empty engine pools, losses. With all=true also what was; the "
            + "newest 1000.");

    private static async Task<Results<Ok<ListPage<AlarmResponse>>, ValidationProblem>> List(
        [AsParameters] WholeListQuery query, AlarmTable alarms, CancellationToken cancellationToken, bool all = false) =>
        query.Cut(await alarms.ListAsync(onlyOpen: !all, MaxAlarms, cancellationToken));
}
