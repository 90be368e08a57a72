using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Mvc;

namespace SiemForwarder.Service.Api;

/// <summary>The query of the lists of sources and integrations: search, enabled, state, page.</summary>
public sealed record ListQuery
{
    private static readonly Dictionary<string, bool?> EnabledChoices = new() { ["all"] = null, ["true"] = true, ["false"] = false };

    private static readonly Dictionary<string, string?> States = new()
    {
        ["all"] = null, ["Success"] = "Success", ["Error"] = "Error", ["Not yet invoked"] = "Not yet invoked", ["Disabled"] = "Disabled",
    };

    [FromQuery(Name = "search"), Description("Part of the name or URL.")]
    public string? Search { get; init; }

    [FromQuery(Name = "enabled"), Description("all (default), true or false."), AllowedValues("all", "true", "false")]
    public string? Enabled { get; init; }

    [FromQuery(Name = "status"), Description("all (default), Success, Error, Not yet invoked or Disabled."),
        AllowedValues("all", "Success", "Error", "Not yet invoked", "Disabled")]
    public string? Status { get; init; }

    [FromQuery(Name = "page"), Description("From 1 (default)."), Range(1, 1_000_000)]
    public int? Page { get; init; }

    [FromQuery(Name = "pageSize"), Description("1 to 200; 50 by default."), Range(1, 200)]
    public int? PageSize { get; init; }

    /// <summary>The query with defaults filled in; adds errors by field.</summary>
    internal (bool? Enabled, string? State, int Page, int PageSize) Read(FieldErrors errors) => (
        errors.Choose("enabled", Enabled, null, EnabledChoices),
        errors.Choose("status", Status, null, States),
        errors.Between("page", Page, 1, 1_000_000, 1),
        errors.Between("pageSize", PageSize, 1, 200, 50));
}
