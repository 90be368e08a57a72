using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace SiemForwarder.Service.Api;

/// <summary>The query of a list that only has pages.</summary>
public sealed record PageQuery
{
    [FromQuery(Name = "page"), Description("From 1 (default)."), Range(1, 1_000_000)]
    public int? Page { get; init; }

    [FromQuery(Name = "pageSize"), Description("1 to 200; 50 by default."), Range(1, 200)]
    public int? PageSize { get; init; }

    /// <summary>The query with defaults filled in; adds errors by field.</summary>
    internal (int Page, int PageSize) Read(FieldErrors errors) =>
        (errors.Between("page", Page, 1, 1_000_000, 1), errors.Between("pageSize", PageSize, 1, 200, 50));
}

/// <summary>The query of a list that is short or held in memory: everything is on one page by default.</summary>
public sealed record WholeListQuery
{
    private const int MaxPageSize = 1000;

    [FromQuery(Name = "page"), Description("From 1 (default)."), Range(1, 1_000_000)]
    public int? Page { get; init; }

    [FromQuery(Name = "pageSize"), Description("1 to 1000 (default)."), Range(1, MaxPageSize)]
    public int? PageSize { get; init; }

    /// <summary>The requested page, or the invalid parameters.</summary>
    internal Results<Ok<ListPage<T>>, ValidationProblem> Cut<T>(IReadOnlyList<T> all)
    {
        var errors = new FieldErrors();
        var (page, pageSize) = (errors.Between("page", Page, 1, 1_000_000, 1), errors.Between("pageSize", PageSize, 1, MaxPageSize, MaxPageSize));
        return errors.Any ? Problems.Invalid(errors)
            : TypedResults.Ok(new ListPage<T>([.. all.Skip((page - 1) * pageSize).Take(pageSize)], all.Count, page, pageSize));
    }
}

/// <summary>A page of a list.</summary>
/// <param name="Items">The items on the page.</param>
/// <param name="Total">The number of items on all pages.</param>
/// <param name="Number">The page number, from 1.</param>
/// <param name="PageSize">The maximum number of items on a page.</param>
public sealed record ListPage<T>(IReadOnlyList<T> Items, int Total, [property: JsonPropertyName("page")] int Number, int PageSize);
