using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Operations;

/// <summary>An active or cleared alarm.</summary>
/// <param name="Kind">Kind of alarm; also the type of the event that was raised: <c>INTEGRATION_FAILING</c>, <c>SOURCE_UNREACHABLE</c> …</param>
/// <param name="Subject">What the alarm is about: <c>integration:3</c>, <c>source:1</c>, <c>pool:dmz</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="Since">Since when the problem exists.</param>
/// <param name="RaisedAt">When it was detected.</param>
/// <param name="ClearedAt">When it was cleared; null while it is active.</param>
public sealed record AlarmResponse(
    string Kind, string Subject, string Name, string Message, DateTimeOffset Since, DateTimeOffset RaisedAt, DateTimeOffset? ClearedAt);

/// <summary>The resource <c>alarms</c>.</summary>
internal static class AlarmEndpoints
{
    private const int MaxAlarms = 1000;

    public static void MapAlarms(this IEndpointRouteBuilder routes) => routes
        .MapGet("/api/v1/alarms", List).WithTags("Status").WithName("ListAlarms").Needs(Permission.ReadStates)
        .WithSummary("Lists active alarms: failing integrations, unreachable sources, empty engine pools, lost events. With all=true, cleared alarms "
            + "too; at most the newest 1000.");

    private static async Task<Results<Ok<ListPage<AlarmResponse>>, ValidationProblem>> List(
        [AsParameters] WholeListQuery query, AlarmTable alarms, CancellationToken cancellationToken, bool all = false) =>
        query.Cut(await alarms.ListAsync(onlyOpen: !all, MaxAlarms, cancellationToken));
}
