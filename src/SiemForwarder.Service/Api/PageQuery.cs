using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;

namespace SiemForwarder.Service.Api;

/// <summary>The query of a list that has nothing but pages.</summary>
public sealed record PageQuery
{
    [FromQuery(Name = "page"), Description("From 1 (default).")]
    public int? Page { get; init; }

    [FromQuery(Name = "pageSize"), Description("1 to 200; 50 by default.")]
    public int? PageSize { get; init; }

    /// <summary>The query with defaults filled in; faults are noted by field.</summary>
    internal (int Page, int PageSize) Read(FieldErrors errors) =>
        (errors.Between("page", Page, 1, 1_000_000, 1), errors.Between("pageSize", PageSize, 1, 200, 50));
}
