using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace SiemForwarder.Service.Api;

/// <summary>The query of a list that has nothing but pages.</summary>
public sealed record PageQuery
{
    [FromQuery(Name = "page"), Description("From 1 (default)."), Range(1, 1_000_000)]
    public int? Page { get; init; }

    [FromQuery(Name = "pageSize"), Description("1 to 200; 50 by default."), Range(1, 200)]
    public int? PageSize { get; init; }

    /// <summary>The query with defaults filled in; faults are noted by field.</summary>
    internal (int Page, int PageSize) Read(FieldErrors errors) =>
        (errors.Between("page", Page, 1, 1_000_000, 1), errors.Between("pageSize", PageSize, 1, 200, 50));
}

/// <summary>The query of a list that is short or held in memory: everything on one page unless said otherwise.</summary>
public sealed record WholeListQuery
{
    private const int MaxPageSize = 1000;

    [FromQuery(Name = "page"), Description("From 1 (default)."), Range(1, 1_000_000)]
    public int? Page { get; init; }

    [FromQuery(Name = "pageSize"), Description("1 to 1000 (default)."), Range(1, MaxPageSize)]
    public int? PageSize { get; init; }

    /// <summary>The page that is asked for, or which parameters are wrong.</summary>
    internal Results<Ok<ListPage<T>>, ValidationProblem> Cut<T>(IReadOnlyList<T> all)
    {
        var errors = new FieldErrors();
        var (page, pageSize) = (errors.Between("page", Page, 1, 1_000_000, 1), errors.Between("pageSize", PageSize, 1, MaxPageSize, MaxPageSize));
        return errors.Any ? Problems.Invalid(errors)
            : TypedResults.Ok(new ListPage<T>([.. all.Skip((page - 1) * pageSize).Take(pageSize)], all.Count, page, pageSize));
    }
}

/// <summary>A page of a list.</summary>
/// <param name="Items">What is on the page.</param>
/// <param name="Total">How many there are on all pages.</param>
/// <param name="Number">The page, from 1.</param>
/// <param name="PageSize">How many there may be on a page.</param>
public sealed record ListPage<T>(IReadOnlyList<T> Items, int Total, [property: JsonPropertyName("page")] int Number, int PageSize);
