using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Memory;

namespace SiemForwarder.Service.Status;

/// <summary>The memory of the process that answers.</summary>
/// <param name="BudgetBytes">What all parts share (<c>Forwarder__MemoryBytes</c>).</param>
/// <param name="TakenBytes">What they take of it together.</param>
/// <param name="ResidentBytes">Memory of the whole process, with the runtime and the program.</param>
/// <param name="HeapBytes">Memory that the garbage collector holds.</param>
/// <param name="Shares">The parts; when memory is short, the first of them gives way first.</param>
public sealed record MemoryResponse(long BudgetBytes, long TakenBytes, long ResidentBytes, long HeapBytes, IReadOnlyList<MemoryShareResponse> Shares);

/// <summary>What a part of the process takes of the memory budget.</summary>
/// <param name="Part"><c>segments</c>, <c>keys</c>, <c>resends</c>, <c>batches</c> or <c>pushes</c>.</param>
/// <param name="TakenBytes">What it takes now.</param>
/// <param name="MinimumBytes">What it always gets.</param>
/// <param name="MostBytes">The most that it takes.</param>
public sealed record MemoryShareResponse(string Part, long TakenBytes, long MinimumBytes, long MostBytes);

/// <summary>How the process that answers uses its memory.</summary>
internal static class MemoryEndpoints
{
    public static void MapMemory(this IEndpointRouteBuilder routes) => routes
        .MapGet("/api/v1/memory", Get).WithTags("Status").WithName("GetMemory").Needs(Permission.ReadStates)
        .WithSummary("Shows the memory budget of the process that answers and what each of its parts takes of it.");

    private static Ok<MemoryResponse> Get(MemoryBudget memory)
    {
        var shares = memory.Shares.Select(share => new MemoryShareResponse(share.Name, share.Taken, share.Minimum, share.Most)).ToList();
        return TypedResults.Ok(new MemoryResponse(
            memory.Bytes, shares.Sum(share => share.TakenBytes), Environment.WorkingSet, GC.GetGCMemoryInfo().TotalCommittedBytes, shares));
    }
}
